#include "index_copy.h"

#include "base/log.h"
#include "store/reader.h"

struct alert_index_copy {
    tt_store *store;
    const alert_service *service;
    tt_crew *crew; /* owned: asks the parts of the index */
    alert_watch_index *index;
    uint32_t partitions;
    tt_reader *log;
    alert_portfolios *portfolios;
    bool loaded; /* of all partitions; else watches are missing, and nothing must be matched */
    tt_reader *portfolio_log;
};

static void
unreadable (alert_index_copy *copy, const char *what, const char *reason)
{
    alert_count (copy->service, ALERT_COUNT_UNREADABLE, 0, 1);
    tt_log (TT_LOG_ERROR, "watch not indexed", "what", what, "reason", reason, NULL);
}

static void
put (alert_index_copy *copy, const Watch *watch)
{
    tt_error error = { 0 };
    if (alert_watch_index_put (copy->index, watch, &error) != TT_OK)
        unreadable (copy, watch->watch_id, error.message);
}

/* -- snapshot -- */

static bool
take_row (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    alert_index_copy *copy = context;
    Watch *watch = techtransfer__patent__v1__watch__unpack (NULL, value.size, value.data);
    if (watch == NULL) {
        unreadable (copy, "row", "it is no Watch");
        return true;
    }
    put (copy, watch);
    techtransfer__patent__v1__watch__free_unpacked (watch, NULL);
    return true;
}

static void
put_portfolio (alert_index_copy *copy, const Portfolio *portfolio)
{
    tt_error error = { 0 };
    if (alert_portfolios_put (copy->portfolios, portfolio, &error) != TT_OK)
        unreadable (copy, portfolio->name, error.message);
}

static bool
take_portfolio_row (void *context, tt_bytes key, uint64_t version, tt_bytes value)
{
    (void)key;
    (void)version;
    alert_index_copy *copy = context;
    Portfolio *portfolio = techtransfer__patent__v1__portfolio__unpack (NULL, value.size, value.data);
    if (portfolio)
        put_portfolio (copy, portfolio);
    else
        unreadable (copy, "row", "it is no Portfolio");
    if (portfolio)
        techtransfer__patent__v1__portfolio__free_unpacked (portfolio, NULL);
    return true;
}

static tt_status
load_portfolios (alert_index_copy *copy, tt_error *error)
{
    alert_portfolios_destroy (&copy->portfolios);
    copy->portfolios = alert_portfolios_new ();
    tt_status status = tt_reader_start (copy->portfolio_log, error);
    for (uint32_t p = 0; p < copy->partitions && status == TT_OK; p++)
        status = tt_table_visit (copy->store, p, ALERT_TABLE_PORTFOLIOS, take_portfolio_row, copy, error);
    return status;
}

/* The log's ends first: a row that changes during the visit is in the log behind them, and is taken again by the next catch-up.
 */
static tt_status
load (alert_index_copy *copy, tt_error *error)
{
    copy->loaded = false;
    alert_watch_index_destroy (&copy->index);
    copy->index = alert_watch_index_new_with (copy->crew);
    tt_status status = tt_reader_start (copy->log, error);
    if (status == TT_OK)
        status = load_portfolios (copy, error);
    for (uint32_t p = 0; p < copy->partitions && status == TT_OK; p++)
        status = tt_table_visit (copy->store, p, ALERT_TABLE_WATCHES, take_row, copy, error);
    copy->loaded = status == TT_OK;
    if (status == TT_OK) {
        alert_watch_index_settle (copy->index);
        alert_count (copy->service, ALERT_COUNT_SNAPSHOTS, 0, 1);
    }
    return status;
}

/* -- log -- */

static tt_status
take_record (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    alert_index_copy *copy = context;
    tt_bytes body = entry->body;
    Techtransfer__Patent__V1__WatchChanged *change = techtransfer__patent__v1__watch_changed__unpack (NULL, body.size, body.data);
    if (change == NULL || change->watch == NULL)
        unreadable (copy, "log record", "it is no WatchChanged");
    else if (change->deleted)
        (void)alert_watch_index_remove (copy->index, change->watch->owner, change->watch->watch_id);
    else
        put (copy, change->watch);
    if (change)
        techtransfer__patent__v1__watch_changed__free_unpacked (change, NULL);
    alert_count (copy->service, ALERT_COUNT_WATCH_RECORDS, 0, 1);
    return TT_OK;
}

static tt_status
take_portfolio (void *context, const tt_entry *entry, tt_error *error)
{
    (void)error;
    alert_index_copy *copy = context;
    Techtransfer__Patent__V1__PortfolioChanged *change
        = techtransfer__patent__v1__portfolio_changed__unpack (NULL, entry->body.size, entry->body.data);
    if (change == NULL || change->portfolio == NULL)
        unreadable (copy, "log record", "it is no PortfolioChanged");
    else if (change->deleted)
        alert_portfolios_remove (copy->portfolios, change->portfolio->owner, change->portfolio->name);
    else
        put_portfolio (copy, change->portfolio);
    if (change)
        techtransfer__patent__v1__portfolio_changed__free_unpacked (change, NULL);
    return TT_OK;
}

static tt_status
read_logs (alert_index_copy *copy, tt_error *error)
{
    tt_status status = tt_reader_catch_up (copy->portfolio_log, take_portfolio, copy, error);
    return status == TT_OK ? tt_reader_catch_up (copy->log, take_record, copy, error) : status;
}

/* -- public -- */

tt_status
alert_index_copy_open (alert_index_copy **out, tt_store *store, const alert_service *service, tt_error *error)
{
    alert_index_copy *copy = tt_alloc_zero (1, sizeof *copy);
    copy->store = store;
    copy->service = service;
    copy->crew = tt_crew_new (service ? service->match_threads : 1);
    copy->partitions = tt_store_partitions (store);
    copy->log = tt_reader_new (store, ALERT_LOG_WATCHES);
    copy->portfolio_log = tt_reader_new (store, ALERT_LOG_PORTFOLIOS);
    tt_status status = load (copy, error);
    if (status != TT_OK)
        alert_index_copy_close (&copy);
    *out = copy;
    return status;
}

void
alert_index_copy_close (alert_index_copy **copy)
{
    if (*copy == NULL)
        return;
    alert_watch_index_destroy (&(*copy)->index);
    tt_crew_destroy (&(*copy)->crew);
    alert_portfolios_destroy (&(*copy)->portfolios);
    tt_reader_destroy (&(*copy)->log);
    tt_reader_destroy (&(*copy)->portfolio_log);
    free (*copy);
    *copy = NULL;
}

tt_status
alert_index_copy_catch_up (alert_index_copy *copy, tt_error *error)
{
    tt_error local = { 0 };
    error = error ? error : &local;
    tt_status status = copy->loaded ? read_logs (copy, error) : TT_DATA_LOSS;
    if (status != TT_OUT_OF_RANGE && status != TT_DATA_LOSS)
        return status;
    const char *reason = copy->loaded ? error->message : "it was not built to its end";
    tt_log (TT_LOG_WARNING, "index of watches is built again", "reason", reason, NULL);
    status = load (copy, error);
    return status == TT_OK ? read_logs (copy, error) : status;
}

alert_watch_index *
alert_index_copy_index (alert_index_copy *copy)
{
    return copy->index;
}

alert_portfolios *
alert_index_copy_portfolios (alert_index_copy *copy)
{
    return copy->portfolios;
}
