/* Files with certificates and snapshots. */
#include <string.h>

#include "verify.h"
#include "wire/json.h"

static bool
is_json (tt_bytes bytes)
{
    size_t i = 0;
    while (i < bytes.size && strchr (" \t\r\n", bytes.data[i]) && bytes.data[i])
        i++;
    return i < bytes.size && bytes.data[i] == '{';
}

tt_status
verify_read (const ProtobufCMessageDescriptor *type, tt_bytes bytes, ProtobufCMessage **out, tt_error *error)
{
    *out = NULL;
    if (is_json (bytes))
        return tt_json_parse (type, bytes, 0, NULL, out, error);
    *out = bytes.size ? protobuf_c_message_unpack (type, NULL, bytes.size, bytes.data) : NULL;
    if (*out == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "this is neither JSON nor a packed %s", type->short_name);
    return TT_OK;
}
