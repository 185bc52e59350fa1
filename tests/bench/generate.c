/* generate WORKLOAD FOLDER [SCALE]: writes the data of a benchmark, the same bytes every time.
 *
 *   W1   one incompressible file of 2 GiB              FOLDER/data/blob.bin
 *   W2   one clickstream CSV of 2 GiB                  FOLDER/data/events.csv
 *   W3   10,000 files of 10 KiB, every second one incompressible
 *   W4   100,000 JSON files of 1 KiB in folders of 100
 *   W4F  the same in one flat folder
 *   W5   ten versions of a growing CSV, v00 … v09: 256 MiB, each appends 2 % and rewrites one block
 *        of 0.1 % of the rows
 *   W5S  the same with the rewritten rows scattered over the middle half */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/clicks.h"
#include "bench/files.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define MIB ((size_t)1 << 20)
#define FLUSH_BYTES (4 * MIB)
#define VERSION_ROWS 1000 /* one row in this many is rewritten in each version */

static const struct rmv_error *create(const char *folder, const char *name, int *fd)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, name);
    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return *fd < 0 ? rmv_error_errno("cannot create '%s'", path) : NULL;
}

static const struct rmv_error *write_random(const char *folder, size_t size)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct random_state random;
    random_seed(&random, 1);
    const struct rmv_error *err = create(folder, "blob.bin", &fd);
    uint64_t *block = rmv_calloc(MIB / 8, 8);
    for (size_t done = 0; !err && done < size; done += MIB) {
        for (size_t i = 0; i < MIB / 8; i++)
            block[i] = random_next(&random);
        err = rmv_fd_write(fd, "blob.bin", block, size - done < MIB ? size - done : MIB);
    }
    free(block);
    return err;
}

static const struct rmv_error *write_clicks(const char *folder, size_t size)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf rows = {0};
    struct clicks clicks;
    clicks_open(1, &clicks);

    const struct rmv_error *err = create(folder, "events.csv", &fd);
    rmv_buf_append_string(&rows, CLICKS_HEADER);
    for (size_t done = 0; !err && done + rows.size < size;) {
        const size_t before = rows.size;
        clicks_append(&clicks, &rows);
        const bool is_last = done + rows.size > size;
        if (is_last)
            rows.size = before;
        if (is_last || rows.size >= FLUSH_BYTES) {
            err = rmv_fd_write(fd, "events.csv", rows.data, rows.size);
            done += rows.size;
            rows.size = 0;
        }
        if (is_last)
            break;
    }
    clicks_close(&clicks);
    return err;
}

/* A CSV in memory, as rows that can be replaced. */
struct table {
    char **rows;
    size_t count, capacity;
};

static void add_row(struct table *table, struct clicks *clicks)
{
    struct rmv_buf row = {0};
    clicks_append(clicks, &row);
    table->rows = rmv_grow(table->rows, table->count, &table->capacity, sizeof(*table->rows));
    table->rows[table->count++] = rmv_buf_take(&row);
}

/* A new row in place of an old one; every third has another length. */
static void replace_row(struct table *table, size_t index, struct clicks *clicks, int version)
{
    struct rmv_buf row = {0};
    clicks_append(clicks, &row);
    if (clicks->time_ms % 3 == 0) {
        row.size--;
        rmv_buf_append_format(&row, "-v%d\n", version);
    }
    free(table->rows[index]);
    table->rows[index] = rmv_buf_take(&row);
}

static void edit(struct table *table, int version, bool scattered)
{
    struct clicks clicks;
    clicks_open(3000 + (uint64_t)version, &clicks);
    const size_t edits = table->count / VERSION_ROWS, quarter = table->count / 4;
    const size_t start = quarter + random_below(&clicks.random, 2 * quarter - edits);
    for (size_t i = 0; i < edits; i++) {
        /* Scattered: one in each of `edits` equal stretches of the middle half. */
        const size_t stretch = 2 * quarter / edits;
        const size_t index =
            scattered ? quarter + i * stretch + random_below(&clicks.random, stretch) : start + i;
        replace_row(table, index, &clicks, version);
    }
    clicks_close(&clicks);
}

static const struct rmv_error *write_table(const struct table *table, const char *folder)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const struct rmv_error *err = create(folder, "events.csv", &fd);
    rmv_buf_append_string(&out, CLICKS_HEADER);
    for (size_t i = 0; !err && i < table->count; i++) {
        rmv_buf_append_string(&out, table->rows[i]);
        if (out.size >= FLUSH_BYTES || i + 1 == table->count) {
            err = rmv_fd_write(fd, "events.csv", out.data, out.size);
            out.size = 0;
        }
    }
    return err;
}

static const struct rmv_error *write_versions(const char *folder, size_t size, bool scattered)
{
    struct table table = {0};
    struct clicks clicks;
    clicks_open(1, &clicks);
    for (size_t bytes = 0; bytes < size; bytes += strlen(table.rows[table.count - 1]))
        add_row(&table, &clicks);

    const struct rmv_error *err = NULL;
    for (int version = 0; !err && version < 10; version++) {
        if (version > 0) {
            edit(&table, version, scattered);
            for (size_t rows = table.count / 50; rows > 0; rows--)
                add_row(&table, &clicks);
        }
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/v%02d/data", folder, version);
        err = write_table(&table, path);
    }
    clicks_close(&clicks);
    for (size_t i = 0; i < table.count; i++)
        free(table.rows[i]);
    free(table.rows);
    return err;
}

static const struct rmv_error *generate(const char *workload, const char *folder, double scale)
{
    RMV_CLEANUP(rmv_str_free) char *data = rmv_str_format("%s/data", folder);
    const bool is_flat = strcmp(workload, "W4F") == 0;
    if (strcmp(workload, "W1") == 0)
        return write_random(data, (size_t)(2048 * scale * (double)MIB));
    if (strcmp(workload, "W2") == 0)
        return write_clicks(data, (size_t)(2048 * scale * (double)MIB));
    if (strcmp(workload, "W3") == 0)
        return files_write(&(struct files_plan){.folder = data,
                                                .count = (size_t)(10000 * scale),
                                                .per_folder = 100,
                                                .size = 10240,
                                                .half_random = true,
                                                .seed = 1});
    if (strcmp(workload, "W4") == 0 || is_flat)
        return files_write(&(struct files_plan){.folder = data,
                                                .count = (size_t)(100000 * scale),
                                                .per_folder = is_flat ? 0 : 100,
                                                .size = 1024,
                                                .seed = 1});
    if (strcmp(workload, "W5") == 0 || strcmp(workload, "W5S") == 0)
        return write_versions(folder, (size_t)(256 * scale * (double)MIB), workload[2] == 'S');
    return rmv_error(RMV_ERR_USAGE, "no workload '%s'; there are W1 W2 W3 W4 W4F W5 W5S", workload);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fputs("usage: generate WORKLOAD FOLDER [SCALE]\n", stderr);
        return RMV_ERR_USAGE;
    }
    const struct rmv_error *err = generate(argv[1], argv[2], argc > 3 ? strtod(argv[3], NULL) : 1);
    if (err)
        fprintf(stderr, "generate: %s\n", err->message);
    return err ? (int)err->code : EXIT_SUCCESS;
}
