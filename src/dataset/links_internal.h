/* What the files about links share. links.c tells them, links_put.c stores files and turns them
 * into links, links_make.c makes links to what is stored. */
#pragma once

#include <pthread.h>
#include <sys/stat.h>

#include "dataset/links.h"

/* A file whose content was stored as a loose object, and that is to become a link. */
struct rmv_links_job {
    char *path; /* relative to the workspace */
    struct rmv_object_id id;
    bool is_executable;
    struct stat status; /* when it was stored */
};

enum rmv_reflink_state { RMV_REFLINK_UNKNOWN, RMV_REFLINK_WORKS, RMV_REFLINK_FAILS };

struct rmv_links {
    char *area; /* real path of the loose objects */
    struct rmv_link_types types;
    pthread_mutex_t lock; /* for what follows */
    enum rmv_reflink_state reflink;
    bool has_warned;
    struct rmv_links_job *jobs;
    size_t jobs_count, jobs_capacity;
};

/* The type that is used; a link may still turn out to be impossible. */
enum rmv_link_type rmv_links_type(struct rmv_workspace *workspace);

/* Where the object's file is or would be; the caller frees it. */
char *rmv_links_path(const struct rmv_links *links, const struct rmv_object_id *id,
                     bool is_executable);

/* Notes in the stat index that the object's file was looked at and is sound. */
void rmv_links_note(struct rmv_workspace *workspace, const struct rmv_object_id *id,
                    bool is_executable, const struct stat *status);
