#include "service.h"

static const char *const outcomes[ALERT_OUTCOMES] = { "accepted", "revised", "unchanged", "rejected" };
static const char *const effects[ALERT_EFFECTS] = { "raised", "known" };

const tt_metric_row alert_metrics[ALERT_COUNT_ROWS] = {
    [ALERT_COUNT_SUBMITTED] = { .name = "patent_documents_submitted_total",
                                .help = "Documents decided on, by outcome (a conflict decides again)",
                                .kind = TT_METRIC_COUNTER,
                                .label = "outcome",
                                .values = outcomes,
                                .value_count = ALERT_OUTCOMES },
    [ALERT_COUNT_WATCH_CHANGES]
    = { .name = "patent_watch_changes_total", .help = "Watches put or deleted here", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MATCHED] = { .name = "patent_documents_matched_total",
                              .help = "Publications that were matched against all watches and whose alerts are committed",
                              .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SKIPPED_VALUES]
    = { .name = "patent_skipped_values_total",
        .help = "Values of documents that their index could not read (unknown class symbols, numbers)",
        .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_ALERTS] = { .name = "patent_alerts_total",
                             .help = "Alerts by effect: raised, or known already for the owner, family and trigger",
                             .kind = TT_METRIC_COUNTER,
                             .label = "effect",
                             .values = effects,
                             .value_count = ALERT_EFFECTS },
    [ALERT_COUNT_ACKNOWLEDGED]
    = { .name = "patent_alerts_acknowledged_total", .help = "Alerts acknowledged here", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_WATCH_RECORDS] = { .name = "patent_watch_records_total",
                                    .help = "Changes of watches taken from the log into the index",
                                    .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_UNREADABLE] = { .name = "patent_unreadable_records_total",
                                 .help = "Stored events, rows or log records that could not be read and were passed over",
                                 .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SNAPSHOTS]
    = { .name = "patent_index_loads_total", .help = "Times the index was built from a snapshot", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_WATCHES] = { .name = "patent_watches", .help = "Watches in the index of this replica", .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_SCANNED_WATCHES] = { .name = "patent_watches_scanned",
                                      .help = "Of them, those without a required term: evaluated on every document",
                                      .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_CANDIDATES]
    = { .name = "patent_candidates", .help = "Watches looked at, by the key that they are filed under, since the index was built", .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_INDEX_BYTES] = { .name = "patent_index_bytes", .help = "Memory of the index", .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_MATCH_TIME]
    = { .name = "patent_match_seconds", .help = "Time to match one publication", .kind = TT_METRIC_HISTOGRAM },
    [ALERT_COUNT_LEGAL] = { .name = "patent_legal_events_total",
                            .help = "Legal events decided on, by outcome (a conflict decides again)",
                            .kind = TT_METRIC_COUNTER,
                            .label = "outcome",
                            .values = outcomes,
                            .value_count = ALERT_OUTCOMES },
    [ALERT_COUNT_ORPHANS]
    = { .name = "patent_legal_orphans_total", .help = "Legal events that came before any document of their number", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_ATTACHED] = { .name = "patent_legal_attached_total",
                               .help = "Of them, those that a document has come for since",
                               .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_UNMAPPED] = { .name = "patent_legal_unmapped_total",
                               .help = "Legal events whose code is not known and that name no ST.27 category; they are kept",
                               .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_RETRACTED]
    = { .name = "patent_alerts_retracted_total", .help = "Alerts whose cause was withdrawn or corrected", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_DIGESTS] = { .name = "patent_digests_total", .help = "Digests told", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_BRAKED]
    = { .name = "patent_watches_braked_total", .help = "Watches switched to the daily digest by their rate", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_BACKFILLED]
    = { .name = "patent_backfill_documents_total", .help = "Stored documents looked at for back-fills", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SWEPT]
    = { .name = "patent_due_documents_total", .help = "Stored documents looked at for due dates", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_PLACES_FULL] = { .name = "patent_places_full_total",
                                  .help = "Documents beyond 16 of one number: the oldest is no longer found by a legal event",
                                  .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MAPS] = { .name = "patent_maps_total", .help = "Maps of stored documents that were counted", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MAPS_REFUSED]
    = { .name = "patent_maps_refused_total", .help = "Maps refused because too many were wanted at once", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MAP_READ] = { .name = "patent_map_documents_read_total",
                               .help = "Stored documents read because a map's query asks for their texts",
                               .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MAP_LOADS] = { .name = "patent_map_loads_total",
                                .help = "Times that the copy for maps was built from the stored documents",
                                .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_MAP_DOCUMENTS]
    = { .name = "patent_map_documents", .help = "Documents in the copy for maps", .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_MAP_BYTES] = { .name = "patent_map_bytes", .help = "Memory of the copy for maps", .kind = TT_METRIC_GAUGE },
    [ALERT_COUNT_MAP_TIME] = { .name = "patent_map_seconds",
                               .help = "Time to count one map, once it is known which documents match",
                               .kind = TT_METRIC_HISTOGRAM },
    [ALERT_COUNT_REMOVED] = { .name = "patent_documents_removed_total",
                              .help = "Stored documents removed by this replica because they were kept long enough",
                              .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SURGE_ROUNDS] = { .name = "patent_surge_rounds_total",
                                   .help = "Rounds of the search for filing surges that this replica has finished",
                                   .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SURGES_FOUND]
    = { .name = "patent_surges_found_total", .help = "Filing surges that this replica has found and told", .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SURGES_KNOWN] = { .name = "patent_surges_known_total",
                                   .help = "Finds of a round left alone, because the surge was told in a window that overlaps",
                                   .kind = TT_METRIC_COUNTER },
    [ALERT_COUNT_SURGE_TIME] = { .name = "patent_surge_seconds",
                                 .help = "Time to count one round over all documents",
                                 .kind = TT_METRIC_HISTOGRAM },
};
