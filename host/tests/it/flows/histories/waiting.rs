//! What waits and what nobody was told of: each living thing has the job that will look at it, and
//! each state the fact that says it.

/// Subscriptions whose grace nobody will end.
pub(super) const UNGRACED: &str = "SELECT id FROM subscriptions WHERE state = 'past-due' \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'end-grace:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))";
/// Pauses with a date that nobody will notice.
pub(super) const UNRESUMED: &str = "SELECT id FROM subscriptions WHERE state = 'paused' \
    AND resume_at IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'resume:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))";
/// Retries that nobody will make.
pub(super) const UNRETRIED: &str = "SELECT subscription_id FROM dunnings \
    WHERE state IN ('recovering', 'exhausted') AND next_retry_at IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'retry:' || dunnings.subscription_id \
    AND jobs.state IN ('queued', 'running'))";
/// What is asked for on a date to come, and nobody will ask; needs the moment of the failures whose
/// last date is now.
pub(super) const UNREMINDED: &str = "SELECT subscription_id FROM dunnings \
    WHERE state IN ('recovering', 'exhausted') AND failed_at > $1 \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'remind:' || dunnings.subscription_id \
    AND jobs.state IN ('queued', 'running'))";
/// Holds and graces after a charge nobody was there for, of which nobody asks for anything although
/// nothing of it was taken back.
pub(super) const UNDUNNED: &str = "SELECT id FROM subscriptions WHERE \
    (state = 'past-due' OR (state = 'on-hold' AND hold_reason IN ('renewal-failed', \
    'grace-over', 'on-demand-charge-failed', 'pause-settlement'))) \
    AND EXISTS (SELECT 1 FROM debts WHERE debts.subscription_id = subscriptions.id \
    AND debts.state = 'open') \
    AND NOT EXISTS (SELECT 1 FROM debts WHERE debts.subscription_id = subscriptions.id \
    AND debts.state = 'open' AND CAST(disputed AS INTEGER) = 1) \
    AND NOT EXISTS (SELECT 1 FROM disputes JOIN payments ON payments.id = disputes.payment_id \
    WHERE payments.subscription_id = subscriptions.id) \
    AND NOT EXISTS (SELECT 1 FROM dunnings WHERE dunnings.subscription_id = subscriptions.id \
    AND dunnings.state IN ('recovering', 'exhausted'))";
/// Long periods whose renewal nobody will tell of; needs the moment that lies a month ahead.
pub(super) const UNNOTICED: &str = "SELECT id FROM subscriptions WHERE state = 'active' \
    AND interval_count >= 12 AND CAST(cancel_at_period_end AS INTEGER) = 0 \
    AND CAST(on_demand AS INTEGER) = 0 AND anchor_at <> period_end AND period_end > $1 \
    AND expires_at > period_end AND period_start < period_end - 2592000000000 \
    AND NOT EXISTS (SELECT 1 FROM jobs \
    WHERE unique_key = 'notice-renewal:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))";
/// States of which nobody was told.
pub(super) const UNTOLD: &str = "SELECT id || ' is ' || state FROM payments \
    WHERE amount_minor > 0 AND (state IN ('succeeded', 'declined') \
    OR (state = 'cancelled' AND purpose <> 'renewal' \
    AND (purpose <> 'plan-change' OR attempt = 0))) \
    AND NOT EXISTS (SELECT 1 FROM events WHERE object_id = payments.id \
    AND type = CASE state WHEN 'declined' THEN 'payment.failed' ELSE 'payment.' || state END) \
    UNION SELECT id || ' is ' || state FROM refunds WHERE state IN ('succeeded', 'failed') \
    AND NOT EXISTS (SELECT 1 FROM events WHERE object_id = refunds.id \
    AND type = 'refund.' || state) \
    UNION SELECT id || ' is ' || state FROM disputes \
    WHERE NOT EXISTS (SELECT 1 FROM events WHERE object_id = disputes.id \
    AND type = 'dispute.' || state)";
/// Subscriptions that wait for their beginning and that nobody will give up.
pub(super) const UNBEGUN: &str = "SELECT id FROM subscriptions WHERE state = 'pending' \
    AND NOT EXISTS (SELECT 1 FROM payments JOIN jobs \
    ON jobs.unique_key = 'expire-begin:' || payments.id \
    WHERE payments.subscription_id = subscriptions.id AND jobs.state IN ('queued', 'running'))";
/// Set-ups that are open and that nobody will give up.
pub(super) const UNENDED: &str = "SELECT id FROM setups WHERE state IN ('created', 'awaiting-customer') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'expire-setup:' || setups.id \
    AND jobs.state IN ('queued', 'running'))";
/// Refunds on their way that nobody will look at.
pub(super) const UNREFUNDED: &str = "SELECT id FROM refunds WHERE state IN ('created', 'processing', \
    'unknown') AND NOT EXISTS (SELECT 1 FROM jobs \
    WHERE unique_key = 'reconcile-refund:' || refunds.id AND jobs.state IN ('queued', 'running'))";
/// Payments whose outcome is awaited and that nobody will look at.
pub(super) const UNWATCHED: &str = "SELECT id FROM payments WHERE request IS NOT NULL \
    AND state IN ('created', 'awaiting-customer', 'processing', 'unknown') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'reconcile:' || payments.id \
    AND jobs.state IN ('queued', 'running'))";
/// Living subscriptions whose next date nobody will notice.
pub(super) const UNDATED: &str = "SELECT id FROM subscriptions \
    WHERE state IN ('active', 'past-due', 'on-hold', 'paused') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'renew:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running'))";
/// What is charged by the period and has no payment under way, and whose next date nobody will
/// notice in time: at the latest a day after it, which is longer than any wait of a renewal; needs the
/// business's time.
pub(super) const LATE: &str = "SELECT id FROM subscriptions WHERE state = 'active' \
    AND CAST(on_demand AS INTEGER) = 0 AND NOT EXISTS (SELECT 1 FROM payments \
    WHERE payments.subscription_id = subscriptions.id AND request IS NOT NULL \
    AND payments.state IN ('created', 'awaiting-customer', 'processing', 'unknown')) \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'renew:' || subscriptions.id \
    AND jobs.state IN ('queued', 'running') \
    AND run_at + COALESCE((SELECT MAX(offset_us) FROM clocks), 0) <= 86400000000 + \
    CASE WHEN period_end > $1 THEN period_end ELSE $1 END)";
/// Subscriptions whose state is another than the one that was told last. What happened at one moment
/// has no order.
pub(super) const TOLD_OTHERWISE: &str = "SELECT id || ' is ' || state FROM subscriptions \
    WHERE state <> 'pending' AND NOT EXISTS (SELECT 1 FROM events \
    WHERE object_id = subscriptions.id AND (type = 'subscription.' || REPLACE(state, '-', '_') \
    OR (type = 'subscription.unpaused' AND state = 'active')) \
    AND occurred_at = (SELECT MAX(occurred_at) FROM events AS last \
    WHERE last.object_id = subscriptions.id AND last.type IN ('subscription.active', \
    'subscription.on_hold', 'subscription.past_due', 'subscription.paused', \
    'subscription.unpaused', 'subscription.cancelled', 'subscription.failed', \
    'subscription.expired')))";
/// Documents without bytes that nobody will make.
pub(super) const UNRENDERED: &str = "SELECT id FROM invoices \
    WHERE number IS NOT NULL AND pdf IS NULL \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'render-invoice:' || invoices.id \
    AND jobs.state IN ('queued', 'running'))";
/// Lent access that nobody will take back.
pub(super) const LENT: &str = "SELECT subscription_id FROM lent_access \
    WHERE NOT EXISTS (SELECT 1 FROM jobs \
    WHERE unique_key = 'end-lent-access:' || lent_access.subscription_id \
    AND jobs.state IN ('queued', 'running'))";
/// Rounds that have not ended and with which nobody will go on.
pub(super) const UNENDED_ROUNDS: &str = "SELECT id FROM rounds WHERE ended_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'round:' || rounds.id \
    AND jobs.state IN ('queued', 'running'))";
/// Test clocks that are on their way and that nobody will move.
pub(super) const STOPPED_CLOCKS: &str = "SELECT business_id FROM clocks \
    WHERE target_us IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'move-clock:' || clocks.business_id \
    AND jobs.state IN ('queued', 'running'))";
/// Money that settled nothing, is still here and that nobody will give back.
pub(super) const KEPT: &str = "SELECT id FROM payments WHERE CAST(unapplied AS INTEGER) = 1 \
    AND COALESCE(moved_minor, amount_minor) > \
    (SELECT CAST(COALESCE(SUM(refunds.amount_minor), 0) AS BIGINT) FROM refunds \
    WHERE refunds.payment_id = payments.id AND refunds.state <> 'failed') + \
    (SELECT CAST(COALESCE(SUM(disputes.amount_minor), 0) AS BIGINT) FROM disputes \
    WHERE disputes.payment_id = payments.id AND disputes.state = 'lost') \
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE unique_key = 'refund-unapplied:' || payments.id \
    AND jobs.state IN ('queued', 'running'))";
