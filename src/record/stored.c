#include "rmv/base/mem.h"
#include "rmv/record/record.h"

const struct rmv_error *rmv_record_put(const struct rmv_record *record,
                                       struct rmv_store_batch *batch, struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record check = {0};

    rmv_record_format(record, &text);
    /* Records are kept for ever: one that could not be read again is refused while it can still be
     * made right. */
    const struct rmv_error *err = rmv_record_parse("new record", text.data, text.size, &check);
    if (err)
        return rmv_error_context(err, "cannot record how '%s' came to be",
                                 record->name ? record->name : "");
    return rmv_store_batch_put(batch, text.data, text.size, id);
}

const struct rmv_error *rmv_record_get(struct rmv_store *store, const struct rmv_object_id *id,
                                       struct rmv_record *record)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    const struct rmv_error *err = rmv_store_get(store, id, RMV_RECORD_BYTES_MAX, &text);
    if (err)
        return err;
    rmv_object_id_to_hex(id, hex);
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("record %s", hex);
    return rmv_record_parse(name, text.data, text.size, record);
}
