#include "commands.h"
#include "service.h"

#define METHOD(name_, request_)                                                                                                  \
    .name = "techtransfer.patent.v1.PatentAlert/" name_, .request = &techtransfer__patent__v1__##request_##__descriptor

const tt_method alert_methods[ALERT_METHODS] = {
    { METHOD ("SubmitPatents", submit_patents_request), .items = "documents", .max_items = ALERT_BATCH_MAX,
      .handle = alert_submit_patent },
    { METHOD ("GetPatent", get_patent_request), .read_only = true, .handle = alert_get_patent },
    { METHOD ("PutWatch", put_watch_request), .handle = alert_put_watch },
    { METHOD ("DeleteWatch", delete_watch_request), .handle = alert_delete_watch },
    { METHOD ("ListWatches", list_watches_request), .read_only = true, .handle = alert_list_watches },
    { METHOD ("ListAlerts", list_alerts_request), .read_only = true, .handle = alert_list_alerts },
    { METHOD ("AcknowledgeAlerts", acknowledge_alerts_request), .handle = alert_acknowledge },
    { METHOD ("SubmitLegalEvents", submit_legal_events_request), .items = "events", .max_items = ALERT_BATCH_MAX,
      .handle = alert_submit_legal },
    { METHOD ("WithdrawPatent", withdraw_patent_request), .handle = alert_withdraw_patent },
    { METHOD ("PutPortfolio", put_portfolio_request), .handle = alert_put_portfolio },
    { METHOD ("DeletePortfolio", delete_portfolio_request), .handle = alert_delete_portfolio },
    { METHOD ("ListPortfolios", list_portfolios_request), .read_only = true, .handle = alert_list_portfolios },
    { METHOD ("GetBackfill", get_backfill_request), .read_only = true, .handle = alert_get_backfill },
    { METHOD ("MapPatents", map_patents_request), .read_only = true, .handle = alert_map_patents },
};
