#include "store/keys.h"

void
tt_key_prefix (tt_buffer *out, const char *service, uint32_t partition)
{
    tt_buffer_printf (out, "tt:{%s.%u}:", service, partition);
}

void
tt_key (tt_buffer *out, const char *service, uint32_t partition, char kind, const char *name)
{
    tt_buffer_clear (out);
    tt_key_prefix (out, service, partition);
    if (kind == 'm') {
        tt_buffer_text (out, "meta");
        return;
    }
    tt_buffer_append (out, (char[]){ kind, ':' }, 2);
    tt_buffer_text (out, name);
}
