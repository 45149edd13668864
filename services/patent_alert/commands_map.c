/* MapPatents: checks the request and hands it to the atlas, which answers at once with what it has. */
#include "atlas.h"
#include "commands.h"

#define QUERY_MAX TT_CQL_MAX_BYTES

static void
check_query (const char *query, tt_violations *violations)
{
    tt_error error = { 0 };
    alert_selection *selection = NULL;
    if (query[0] && alert_selection_open (&selection, query, &error) != TT_OK)
        tt_violate (violations, "query", "%s", error.message);
    alert_selection_close (&selection);
}

static bool
check_map (const MapRequest *request, tt_violations *v)
{
    const ProtobufCEnumDescriptor *axis = &techtransfer__patent__v1__map_axis__descriptor;
    check_query (request->query, v);
    (void)tt_check_enum (v, "rows", axis, (int)request->rows, false);
    (void)tt_check_enum (v, "columns", axis, (int)request->columns, false);
    (void)tt_check_enum (v, "level", &techtransfer__patent__v1__map_level__descriptor, (int)request->level, false);
    (void)tt_check_enum (v, "scheme", &techtransfer__patent__v1__map_scheme__descriptor, (int)request->scheme, false);
    (void)tt_check_range (v, "row_limit", request->row_limit, 0, ALERT_MAP_LINES_MAX);
    (void)tt_check_range (v, "column_limit", request->column_limit, 0, ALERT_MAP_LINES_MAX);
    (void)tt_check_range (v, "top", request->top, 0, ALERT_MAP_LINES_MAX);
    return v->count == 0;
}

/* What the atlas does for it is a copy that anybody may ask for: no effect on the state. */
void
alert_map_patents (tt_txn *txn, const void *message, void *context)
{
    const alert_service *service = context;
    tt_violations violations = { 0 };
    tt_buffer packed = { 0 };
    tt_error error = { 0 };
    bool right = check_map (message, &violations);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (!right)
        return;
    tt_txn_at_partition (txn, 0);
    tt_status status = service->atlas ? alert_atlas_ask (service->atlas, message, tt_txn_now (txn), &packed, &error)
                                      : tt_fail (&error, TT_UNAVAILABLE, "there are no maps here");
    MapReply *reply
        = status == TT_OK ? techtransfer__patent__v1__map_patents_reply__unpack (NULL, packed.size, packed.data) : NULL;
    if (reply)
        tt_txn_reply (txn, &reply->base);
    else
        tt_txn_refuse (txn, status == TT_OK ? TT_INTERNAL : status, "%s", error.message);
    if (status == TT_RESOURCE_EXHAUSTED)
        alert_count (service, ALERT_COUNT_MAPS_REFUSED, 0, 1);
    if (reply)
        techtransfer__patent__v1__map_patents_reply__free_unpacked (reply, NULL);
    tt_buffer_free (&packed);
}
