/* A map of patents as a picture: the matrix as a heat map or bubbles, and bars of the top applicants. No references to the outside. Pure. */
#ifndef TTCTL_MAP_SVG_H
#define TTCTL_MAP_SVG_H

#include <jansson.h>

#include "base/buffer.h"

typedef struct {
    const char *title;    /* the query, or what else it is of */
    const char *subtitle; /* what is counted */
    bool bubbles;         /* circles whose area is the count, instead of shades */
} ctl_map_picture;

/* Appends the picture of a MapPatentsReply in its JSON mapping. Text is escaped, what XML does not allow left out. */
void ctl_map_svg (const json_t *reply, const ctl_map_picture *picture, tt_buffer *out);

/* A count of the JSON mapping: text or number; 0 if it is neither. */
uint64_t ctl_map_count (const json_t *value);

#endif
