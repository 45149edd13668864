/* Online reservations a second: one loan-matchd, a private Redis (appendfsync everysec), one client that keeps 512 commands under
 * way, all on this machine. Says what processor time each of the three took. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "harness.h"

#define WINDOW 512
#define MARKET ((char *)"bench")

static void
put_market (tt_client *c)
{
    finance_provider p = TECHTRANSFER__FINANCE__V1__PROVIDER__INIT;
    finance_product l = TECHTRANSFER__FINANCE__V1__PRODUCT__INIT;
    Techtransfer__Finance__V1__PutProviderRequest r = TECHTRANSFER__FINANCE__V1__PUT_PROVIDER_REQUEST__INIT;
    Techtransfer__Finance__V1__PutProductRequest s = TECHTRANSFER__FINANCE__V1__PUT_PRODUCT_REQUEST__INIT;
    p.market = l.market = MARKET;
    p.provider_id = l.provider_id = p.name = (char *)"bank";
    p.kind = FINANCE (PROVIDER_KIND__BANK);
    p.capacity_fen = l.capacity_fen = l.ticket_max_fen = INT64_C (1000000000000);
    l.product_id = (char *)"loan";
    l.leg = FINANCE (LEG__LOAN);
    l.ticket_min_fen = 1;
    r.provider = &p;
    s.product = &l;
    protobuf_c_message_free_unpacked (
        harness_call (c, "PutProvider", &r.base, &techtransfer__finance__v1__put_provider_reply__descriptor, TT_OK), NULL);
    protobuf_c_message_free_unpacked (
        harness_call (c, "PutProduct", &s.base, &techtransfer__finance__v1__put_product_reply__descriptor, TT_OK), NULL);
}

static size_t
pack_submit (uint32_t i, uint8_t *out)
{
    char id[24];
    finance_leg leg = TECHTRANSFER__FINANCE__V1__WANTED_LEG__INIT, *legs[] = { &leg };
    finance_application a = TECHTRANSFER__FINANCE__V1__APPLICATION__INIT;
    Techtransfer__Finance__V1__SubmitApplicationRequest r = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REQUEST__INIT;
    snprintf (id, sizeof id, "app-%u", i);
    leg.leg = FINANCE (LEG__LOAN);
    leg.amount_fen = 1000;
    a.market = MARKET;
    a.application_id = a.applicant = id;
    a.district = (char *)"yinzhou";
    a.industry = (char *)"C39";
    a.stage = (char *)"growth";
    a.legs = legs;
    a.n_legs = 1;
    r.application = &a;
    return protobuf_c_message_pack (&r.base, out);
}

static size_t
pack_reserve (uint32_t i, uint8_t *out)
{
    char id[24];
    Techtransfer__Finance__V1__ReserveCapacityRequest r = TECHTRANSFER__FINANCE__V1__RESERVE_CAPACITY_REQUEST__INIT;
    snprintf (id, sizeof id, "app-%u", i);
    r.market = MARKET;
    r.reservation_id = r.application_id = id;
    r.leg = FINANCE (LEG__LOAN);
    r.provider_id = (char *)"bank";
    r.product_id = (char *)"loan";
    r.amount_fen = 1000;
    return protobuf_c_message_pack (&r.base, out);
}

static void
take_reply (tt_client *c)
{
    tt_client_reply reply;
    CHECK (tt_client_receive (c, 30000, &reply) == TT_OK, "%s", reply.result.message);
}

/* User and system time of another process, in seconds. */
static double
seconds_of (pid_t pid)
{
    char path[64], line[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen (path, "r");
    CHECK (f && fgets (line, sizeof line, f), "%s", path);
    fclose (f);
    const char *rest = strrchr (line, ')');
    CHECK (rest && sscanf (rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2, "%s", line);
    return (double)(user + system) / (double)sysconf (_SC_CLK_TCK);
}

static double
run (tt_client *c, const char *method, size_t (*pack) (uint32_t, uint8_t *), uint32_t count)
{
    uint8_t body[512];
    tt_error error = { 0 };
    char name[96];
    int64_t began = tt_clock_monotonic_us ();
    snprintf (name, sizeof name, "techtransfer.finance.v1.LoanMatch/%s", method);
    for (uint32_t i = 0; i < count; i++) {
        if (tt_client_in_flight (c) >= WINDOW)
            take_reply (c);
        CHECK (tt_client_send (c, name, (tt_bytes){ body, pack (i, body) }, NULL, &error) == TT_OK, "%s", error.message);
    }
    while (tt_client_in_flight (c) > 0)
        take_reply (c);
    return (double)(tt_clock_monotonic_us () - began) / 1e6;
}

int
main (int argc, char **argv)
{
    CHECK (argc == 3, "usage: %s LOAN-MATCHD COUNT", argv[0]);
    uint32_t count = (uint32_t)strtoul (argv[2], NULL, 10);
    harness_start_redis ();
    replica daemon = harness_start_daemon (argv[1], "bench");
    tt_client *c = harness_client (daemon.endpoint);
    put_market (c);
    printf ("figure reserve.applications_per_s %.0f 1/s\n", count / run (c, "SubmitApplication", pack_submit, count));
    double redis = seconds_of (harness_redis ()), matchd = seconds_of (daemon.pid), self = seconds_of (getpid ());
    double seconds = run (c, "ReserveCapacity", pack_reserve, count);
    printf ("figure reserve.per_s %.0f 1/s\n", count / seconds);
    printf ("figure reserve.daemon_us %.1f us of processor each\n", (seconds_of (daemon.pid) - matchd) / count * 1e6);
    printf ("figure reserve.redis_us %.1f us of processor each\n", (seconds_of (harness_redis ()) - redis) / count * 1e6);
    printf ("figure reserve.client_us %.1f us of processor each\n", (seconds_of (getpid ()) - self) / count * 1e6);
    tt_client_close (&c);
    harness_stop (&daemon);
    return 0;
}
