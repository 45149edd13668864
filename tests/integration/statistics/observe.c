/* Reports observations over the bus and checks what comes back. Usage: observe COMMANDS-ENDPOINT. Exit 0: all as expected. */
#include <stdio.h>
#include <string.h>

#include "bus/client.h"
#include "statistics.pb-c.h"

#define SERVICE "techtransfer.statistics.v1.Statistics/"

typedef Techtransfer__Statistics__V1__Observation observation;

static tt_client *client;
static int failures;

#define EXPECT(condition, ...)                                                                                                   \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            fprintf (stderr, "%s:%d: " #condition ": ", __FILE__, __LINE__);                                                     \
            fprintf (stderr, __VA_ARGS__);                                                                                       \
            fputc ('\n', stderr);                                                                                                \
            failures++;                                                                                                          \
        }                                                                                                                        \
    } while (0)

static Techtransfer__Statistics__V1__PutObservationReply *
put (const char *indicator, const char *period, const char *value, const char *department, tt_call_result *result)
{
    observation o = TECHTRANSFER__STATISTICS__V1__OBSERVATION__INIT;
    Techtransfer__Statistics__V1__PutObservationRequest request = TECHTRANSFER__STATISTICS__V1__PUT_OBSERVATION_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    o.indicator = (char *)indicator;
    o.period = (char *)period;
    o.value = (char *)value;
    o.department = (char *)department;
    o.source = "integration test";
    request.observation = &o;
    (void)!tt_client_call (client, SERVICE "PutObservation", &request.base,
                           &techtransfer__statistics__v1__put_observation_reply__descriptor, &reply, result);
    return (void *)reply;
}

static void
expect_put (const char *indicator, const char *period, const char *value, const char *department, bool changed, uint64_t revision)
{
    tt_call_result result;
    Techtransfer__Statistics__V1__PutObservationReply *reply = put (indicator, period, value, department, &result);
    EXPECT (reply != NULL, "%s %s: %s %s", indicator, period, result.message,
            result.violation_count ? result.violations[0].reason : "");
    if (!reply)
        return;
    EXPECT (reply->changed == changed, "%s %s changed=%d", indicator, period, reply->changed);
    EXPECT (reply->observation->revision == revision, "revision %llu", (unsigned long long)reply->observation->revision);
    techtransfer__statistics__v1__put_observation_reply__free_unpacked (reply, NULL);
}

static void
expect_refused (const char *indicator, const char *period, const char *value, const char *department, const char *path)
{
    tt_call_result result;
    Techtransfer__Statistics__V1__PutObservationReply *reply = put (indicator, period, value, department, &result);
    EXPECT (!reply && result.code == TT_INVALID_ARGUMENT, "%s was taken", path);
    EXPECT (result.violation_count > 0 && strcmp (result.violations[0].path, path) == 0, "violation at %s, not %s",
            result.violation_count ? result.violations[0].path : "nothing", path);
}

static void
check_list (bool all_revisions, size_t count, const char *last_value)
{
    Techtransfer__Statistics__V1__ListObservationsRequest request = TECHTRANSFER__STATISTICS__V1__LIST_OBSERVATIONS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    tt_call_result result;
    request.indicator = "invention_patents_per_10k";
    request.all_revisions = all_revisions;
    tt_status status = tt_client_call (client, SERVICE "ListObservations", &request.base,
                                       &techtransfer__statistics__v1__list_observations_reply__descriptor, &message, &result);
    EXPECT (status == TT_OK, "%s", result.message);
    const Techtransfer__Statistics__V1__ListObservationsReply *reply = (void *)message;
    if (reply) {
        EXPECT (reply->n_observations == count, "%zu observations", reply->n_observations);
        EXPECT (reply->n_observations && strcmp (reply->observations[reply->n_observations - 1]->value, last_value) == 0,
                "last value");
        protobuf_c_message_free_unpacked (message, NULL);
    }
}

static void
check_indicators (void)
{
    Techtransfer__Statistics__V1__GetIndicatorsRequest request = TECHTRANSFER__STATISTICS__V1__GET_INDICATORS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    tt_call_result result;
    tt_status status = tt_client_call (client, SERVICE "GetIndicators", &request.base,
                                       &techtransfer__statistics__v1__get_indicators_reply__descriptor, &message, &result);
    EXPECT (status == TT_OK, "%s", result.message);
    const Techtransfer__Statistics__V1__GetIndicatorsReply *reply = (void *)message;
    if (!reply)
        return;
    EXPECT (reply->n_indicators == 11, "%zu indicators", reply->n_indicators);
    for (size_t i = 0; i < reply->n_indicators; i++) {
        const Techtransfer__Statistics__V1__Indicator *d = reply->indicators[i];
        bool reported = d->id == 1 || d->id == 5;
        EXPECT (reported == (d->value[0] != '\0'), "%s has value '%s'", d->key, d->value);
        EXPECT (reported || d->status == TECHTRANSFER__STATISTICS__V1__INDICATOR_STATUS__NOT_REPORTED, "%s has status %d", d->key,
                (int)d->status);
        if (d->id == 5) {
            EXPECT (strcmp (d->required_pace, "15.99") == 0 && strcmp (d->value, "24.35") == 0, "%s %s", d->required_pace,
                    d->value);
            EXPECT (d->status == TECHTRANSFER__STATISTICS__V1__INDICATOR_STATUS__ON_TRACK, "status %d", (int)d->status);
        }
    }
    protobuf_c_message_free_unpacked (message, NULL);
}

int
main (int argc, char **argv)
{
    tt_error error = { 0 };
    if (argc != 2)
        return 2;
    tt_client_options options = { .endpoints = argv[1], .timeout_ms = 20000 };
    if (tt_client_open (&client, &options, &error) != TT_OK)
        return fprintf (stderr, "%s\n", error.message), 1;
    expect_put ("invention_patents_per_10k", "2016", "20.5", "STB", true, 1);
    expect_put ("invention_patents_per_10k", "2017", "24.3", "STB", true, 1);
    expect_put ("invention_patents_per_10k", "2017", "24.350", "STB", true, 2);
    expect_put ("invention_patents_per_10k", "2017", "24.35", "STB", false, 2); /* the same figure written otherwise */
    expect_put ("rd_gdp_share", "2016", "2.5", "STB", true, 1);
    expect_refused ("rd_gdp_share", "2016", "101", "STB", "observation.value");
    expect_refused ("rd_gdp_share", "2016-Q9", "2", "STB", "observation.period");
    expect_refused ("rd_gdp_share", "2016", "2", "EIC", "observation.department");
    expect_refused ("wealth", "2016", "2", "STB", "observation.indicator");
    check_list (false, 2, "24.35");
    check_list (true, 3, "24.35");
    check_indicators ();
    tt_client_close (&client);
    return failures ? 1 : 0;
}
