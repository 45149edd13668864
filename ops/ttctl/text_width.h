/* How wide text is on a terminal: CJK characters take two columns, combining marks none. Values only. */
#ifndef TTCTL_TEXT_WIDTH_H
#define TTCTL_TEXT_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

size_t ctl_text_width (const char *text);
size_t ctl_text_width_n (const char *text, size_t size);
/* Bytes of the longest beginning that is at most `width` columns wide. */
size_t ctl_text_fit (const char *text, size_t width);
/* Replaces what must not reach a terminal (control characters, bytes that are no UTF-8) by ?, in place. */
void ctl_text_clean (char *text);

#endif
