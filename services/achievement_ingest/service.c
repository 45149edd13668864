#include "service.h"

#include "base/text.h"
#include "classifiers.h"
#include "commands.h"
#include "processor.h"
#include "search_http.h"
#include "types.h"

#define METHOD(method_name) "techtransfer.achievement.v1.AchievementIngest/" method_name
#define TYPE(type) &techtransfer__achievement__v1__##type##__descriptor

static const tt_method methods[] = {
    { .name = METHOD ("SubmitAchievements"),
      .request = TYPE (submit_achievements_request),
      .items = "achievements",
      .max_items = 512,
      .handle = ingest_submit,
      .close = ingest_close_submission,
      .closes = ingest_submission_closes },
    { .name = METHOD ("WithdrawAchievement"), .request = TYPE (withdraw_achievement_request), .handle = ingest_withdraw },
    { .name = METHOD ("GetAchievement"), .request = TYPE (get_achievement_request), .read_only = true, .handle = ingest_get },
    { .name = METHOD ("PutDemand"), .request = TYPE (put_demand_request), .handle = ingest_put_demand },
    { .name = METHOD ("DeleteDemand"), .request = TYPE (delete_demand_request), .handle = ingest_delete_demand },
    { .name = METHOD ("ListDemands"), .request = TYPE (list_demands_request), .read_only = true, .handle = ingest_list_demands },
    { .name = METHOD ("ListPushes"), .request = TYPE (list_pushes_request), .read_only = true, .handle = ingest_list_pushes },
    { .name = METHOD ("AnswerPush"), .request = TYPE (answer_push_request), .handle = ingest_answer_push },
    { .name = METHOD ("SearchAchievements"),
      .request = TYPE (search_achievements_request),
      .read_only = true,
      .answer = ingest_search_achievements },
    { .name = METHOD ("ConfirmClasses"), .request = TYPE (confirm_classes_request), .handle = ingest_confirm_classes },
    { .name = METHOD ("ListLabels"), .request = TYPE (list_labels_request), .read_only = true, .handle = ingest_list_labels },
    { .name = METHOD ("RegisterContract"), .request = TYPE (register_contract_request), .handle = ingest_register_contract },
    { .name = METHOD ("CorrectContract"), .request = TYPE (correct_contract_request), .handle = ingest_correct_contract },
    { .name = METHOD ("CancelContract"), .request = TYPE (cancel_contract_request), .handle = ingest_cancel_contract },
    { .name = METHOD ("GetContract"), .request = TYPE (get_contract_request), .read_only = true, .handle = ingest_get_contract },
    { .name = METHOD ("ListContracts"), .request = TYPE (list_contracts_request), .read_only = true, .handle = ingest_list_contracts },
    { .name = METHOD ("PutSource"), .request = TYPE (put_source_request), .handle = ingest_put_source },
    { .name = METHOD ("ListSources"), .request = TYPE (list_sources_request), .read_only = true, .handle = ingest_list_sources },
    { .name = METHOD ("GetSource"), .request = TYPE (get_source_request), .read_only = true, .handle = ingest_get_source },
    { .name = METHOD ("ListQuarantine"), .request = TYPE (list_quarantine_request), .handle = ingest_list_quarantine },
    { .name = METHOD ("MendQuarantined"), .request = TYPE (mend_quarantined_request), .handle = ingest_mend_quarantined },
    { .name = METHOD ("ReleaseQuarantined"), .request = TYPE (release_quarantined_request), .handle = ingest_release_quarantined },
    { .name = METHOD ("DiscardQuarantined"), .request = TYPE (discard_quarantined_request), .handle = ingest_discard_quarantined },
};

#define MODEL(scheme)                                                                                                            \
    {                                                                                                                            \
        .name = "classify.model." scheme, .type = TT_CONFIG_STRING, .initial = "", .max = 1024,                                  \
        .description = "file of a trained model that proposes codes of this scheme where it was measured better than the lexicon" \
    }

/* Initial values are those of ingest_settings_default, measured on the NASA catalogue against the SBIR topics (README.md). */
static const tt_config_row settings[] = {
    { .name = "push.terms",
      .type = TT_CONFIG_INT,
      .initial = "14",
      .min = 3,
      .max = INGEST_WANTED_MAX,
      .unit = "terms",
      .description = "most words of a demand that count when it is matched by its words; more of them dilute its subject" },
    { .name = "push.threshold",
      .type = TT_CONFIG_INT,
      .initial = "28",
      .min = 1,
      .max = 100,
      .unit = "percent",
      .description = "least similarity of a push by words; lower brings more and worse: 22 gave three times as many as 28" },
    { .name = "push.best-of-demand",
      .type = TT_CONFIG_INT,
      .initial = "10",
      .min = 0,
      .max = 1000,
      .unit = "pushes",
      .description
      = "most stored achievements that a new or changed demand gets by its words: what a person reads in one sitting" },
    { .name = "push.best-of-achievement",
      .type = TT_CONFIG_INT,
      .initial = "20",
      .min = 0,
      .max = 1000,
      .unit = "pushes",
      .description
      = "most demands that a new or revised achievement goes to by their words, so that a catch-all text floods nobody" },
    { .name = "push.backfill",
      .type = TT_CONFIG_INT,
      .initial = "200",
      .min = 0,
      .max = 10000,
      .unit = "pushes",
      .description = "most stored achievements, the newest, that a new or changed demand gets by its query" },
    { .name = "search.time-limit",
      .type = TT_CONFIG_DURATION,
      .initial = "1s",
      .min = 10,
      .max = 60000,
      .unit = "",
      .description = "longest time that one search may take; past it the search is refused with DEADLINE_EXCEEDED" },
    { .name = "search.fresh-wait",
      .type = TT_CONFIG_DURATION,
      .initial = "250ms",
      .min = 0,
      .max = 10000,
      .unit = "",
      .description = "longest time that a search waits until the index holds what was accepted before it; then it says that it is behind" },
    { .name = "search.expansion",
      .type = TT_CONFIG_INT,
      .initial = "20000",
      .min = 1,
      .max = 1000000,
      .unit = "words",
      .description = "most words of 65,536 records that a pattern of a search may stand for; more are refused with RESOURCE_EXHAUSTED" },
    { .name = "classify.threshold",
      .type = TT_CONFIG_INT,
      .initial = "30",
      .min = 1,
      .max = 100,
      .unit = "percent",
      .description = "least score of a proposed class" },
    { .name = "classify.most",
      .type = TT_CONFIG_INT,
      .initial = "3",
      .min = 0,
      .max = INGEST_PROPOSALS_MAX,
      .unit = "proposals",
      .description = "most classes of a scheme that are proposed; 0: nothing is" },
    MODEL ("special"),
    MODEL ("industry"),
    MODEL ("stage"),
    MODEL ("form"),
    { .name = "classify.model.always",
      .type = TT_CONFIG_BOOL,
      .initial = "no",
      .description = "use models also where they were measured no better than the lexicon" },
};

static const tt_metric_row metrics[] = {
    [INGEST_DEMANDS_EXPIRED] = { .name = "demands_expired_total", .help = "Demands past their deadline that this replica expired", .kind = TT_METRIC_COUNTER },
};

static void
close_service (void **service)
{
    ingest_service *s = *service;
    if (!s)
        return;
    ingest_search_web_close (&s->search_web);
    ingest_search_close (&s->search);
    tt_classifier_destroy (&s->classifier);
    tt_fields_destroy (&s->fields);
    tt_catalog_close (&s->catalog);
    free (s);
    *service = NULL;
}

static tt_status
open_service (tt_daemon *daemon, void **service, tt_error *error)
{
    const tt_config *config = tt_daemon_config (daemon);
    ingest_service *s = tt_alloc_zero (1, sizeof *s);
    *service = s;
    s->counters = tt_counters_register (tt_daemon_counters (daemon), metrics, sizeof metrics / sizeof *metrics);
    s->settings = (ingest_settings){ .terms = (uint32_t)tt_config_int (config, "push.terms"),
                                     .threshold = (double)tt_config_int (config, "push.threshold") / 100.0,
                                     .best_of_demand = (uint32_t)tt_config_int (config, "push.best-of-demand"),
                                     .best_of_record = (uint32_t)tt_config_int (config, "push.best-of-achievement"),
                                     .backfill = (uint32_t)tt_config_int (config, "push.backfill") };
    tt_status status = tt_text_open (error);
    if (status == TT_OK)
        status = tt_catalog_open (&s->catalog, NULL, error);
    if (status == TT_OK)
        status = ingest_classifiers_open (config, s->catalog, &s->classifier, &s->fields, error);
    s->classes = (ingest_class_settings){ .threshold = (double)tt_config_int (config, "classify.threshold") / 100.0,
                                          .most = (uint32_t)tt_config_int (config, "classify.most") };
    if (status != TT_OK) {
        close_service (service);
        return status;
    }
    ingest_search_settings search = { .time_limit_ms = (uint32_t)tt_config_int (config, "search.time-limit"),
                                      .fresh_wait_ms = (uint32_t)tt_config_int (config, "search.fresh-wait"),
                                      .expansion = (uint32_t)tt_config_int (config, "search.expansion") };
    s->search = ingest_search_open (tt_daemon_store_options (daemon), tt_daemon_counters (daemon), &search);
    s->search_web = ingest_search_web_open (s->search);
    return TT_OK;
}

const tt_daemon_spec *
ingest_daemon_spec (void)
{
    static const tt_daemon_spec spec = {
        .name = "achievement-ingestd",
        .stream = "achievement",
        .schema = "achievement.proto",
        .summary = "takes in achievements and technology demands, de-duplicates, pushes matches",
        .base_port = 5720,
        .methods = methods,
        .method_count = sizeof methods / sizeof *methods,
        .processor = &ingest_processor,
        .routes = ingest_search_routes,
        .route_count = INGEST_SEARCH_ROUTES,
        .config = settings,
        .config_count = sizeof settings / sizeof *settings,
        .open = open_service,
        .close = close_service,
    };
    return &spec;
}
