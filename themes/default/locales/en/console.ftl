# The console.

console-title = Console
console-mode-live = Live
console-mode-test = Test
nav-customers = Customers
nav-customers-short = Customers
nav-reconciliation = Reconciliation
nav-reconciliation-short = Money
nav-mails = Mails
nav-mails-short = Mails
nav-webhooks = Webhooks
nav-webhooks-short = Webhooks

console-login-heading = Sign in to the console
console-login-lead = For staff. We mail you a link; there is no password.
console-login-sent = If this address belongs to a member of staff, a link is on its way to it. It works once, for { $minutes } minutes.
console-link-expired = It has been used or is too old.
console-no-business = No business on this host is yours. Ask the operator to give you a role.

console-search = Search customers
console-search-hint = Name, address or id
console-search-button = Search
console-name = Name
console-since = Customer since
console-unnamed = Without a name
console-all = Show all customers
console-none-found = Nobody here matches “{ $query }”.
console-no-customers = No customers yet. They appear here when your backend creates them through the API.

console-id = Id
console-phone = Phone
console-product = Product
console-state = State
console-period-end = Period ends
console-ends = Ends { $date }
console-price = Price
console-payments = Payments
console-date = Date
console-amount = Amount
console-key = Key
console-devices = Devices
console-devices-of = { $used } of { $limit }
console-no-subscriptions = This customer has no subscription.
console-no-payments = Nothing has been paid or tried yet.
console-no-keys = This customer has no license key.
console-sessions = Open sessions
console-session-by = Signed in
console-session-network = Network
console-session-since = Since
console-session-used = Last used
console-session-mail = With a link or code mailed to the customer
console-session-staff = With a link that { $who } made
console-session-api = With a link made by the API key { $key }
console-session-operator = With a link that the operator made
console-no-sessions = Nobody is signed in as this customer.

console-mails-lead = What customers of test mode were written. Each mail is kept for { $days ->
    [one] one day
   *[other] { $days } days
}.
console-no-mails = No mail yet. Ask for a link on the sign-in page of test mode, and it arrives here a moment later.
console-mail-links = Links and codes work: they sign this test customer in.

console-share = Share invitation
console-share-lead = Two ways into the portal for { $address }.
console-dynamic = One-time link
console-dynamic-text = Opens this customer’s portal without asking for the address. It works once, within { $hours ->
    [one] one hour
   *[other] { $hours } hours
 }, and the session it opens says that you made it. Give it to nobody else.
console-dynamic-until = It works until { $until } and is shown on this page only.
console-make-link = Make a link
console-send-link = Send one by mail
console-link-sent = A one-time link is on its way to { $address }.
console-link-sent-before = A link was sent a moment ago. Wait a minute before you send another.
console-static = Sign-in page
console-static-text = The same for every customer, and it never expires: they enter their address and are mailed a link.
console-send-invitation = Send an invitation
console-invited = An invitation is on its way to { $address }.

console-webhooks-lead = Where your backend is told what happens, and what became of it in the last 7 days.
console-no-webhooks = No endpoint yet. Make one with the API (webhooks.create), or ask the operator to write it into the business’s file.
console-webhook = Webhook endpoint
console-webhook-url = Address
console-webhook-types = Events
console-webhook-all = All types
console-webhook-rate = Most a second
console-webhook-counts = { $delivered } delivered, { $waiting } waiting, { $failed } failed
console-deliveries = Deliveries
console-event = Event
console-tries = Tries
console-try-good = { $status } after { $took } ms
console-try-failed = { $why }, after { $took } ms
console-held-up = Held up: { $why }
console-try-open = under way, or cut off
console-no-deliveries = Nothing was delivered here yet.
console-replay = Send again
console-replay-failed = Send failures of 7 days again
console-replayed = { $count ->
    [0] There was nothing to send again.
    [one] One event is on its way again, under the same id.
   *[other] { $count } events are on their way again, under the same ids.
}
endpoint-enabled = Enabled
endpoint-disabled = Disabled
endpoint-fixed = Fixed by file
delivery-waiting = Waiting
delivery-delivered = Delivered
delivery-failed = Failed
delivery-dropped = Dropped
console-reconciliation-lead = Payments that have no end yet, and what the gateways' own books say.
console-open = Without an end
console-bounced = Refund came back
console-decide-bounced = Give it back again or by other means
console-failing = Work that does not get on
console-failing-lead = It is tried again by itself, less and less often. What was given up waits for the operator, who can take it up again with “vestibule job retry”.
console-work = Work
console-why = Why
console-next-try = Next try
console-given-up = Given up
console-failing-since = { $count ->
    [one] Since { $date }, tried once
   *[other] Since { $date }, tried { $count } times
}
console-nothing-open = Every payment and refund has ended, and all money is applied.
console-refund = Refund
console-unapplied = Unapplied
console-dispute = Dispute
console-taken-back = Taken back
console-came-back = Came back
console-decide-taken-back = Bear the loss, or ask the customer by other means; then record it with “payment decide”.
console-decide-came-back = Refund this part or keep it; then record it with “payment decide”.
console-next-look = Asked next
console-resolve = Decide
console-resolve-title = Decide what became of it
console-resolve-lead = The gateway has not said how this ended. It goes on being asked. Decide only what you have seen in the gateway’s own records.
console-resolve-ended = There is nothing to decide: it has an outcome, or was never sent.
console-resolve-found = What you found
console-resolve-happened = It happened: the money moved
console-resolve-happened-text = What it was to pay for is paid, and the customer is told.
console-resolve-refund-happened-text = The money counts as given back, and the customer is told.
console-resolve-never = It never happened, and never will
console-resolve-never-text = What it was to pay for is free for another charge. If the money did move, the customer could be charged twice.
console-resolve-refund-never-text = The refund has failed. What it was to give back can be given back by another one.
console-resolve-evidence = Where you saw it
console-resolve-evidence-hint = Such as the statement and its line. Up to 500 characters.
console-resolve-checked = I have looked at the gateway’s own records.
console-resolve-audited = The decision, your name and where you saw it stand in the audit.
console-resolve-later = What the gateway says later still counts.
console-resolve-button = Record the decision
console-resolve-no-found = Choose what you found.
console-resolve-no-evidence = Say in 1 to 500 characters where you saw it.
console-resolve-no-checked = Look at the gateway’s own records first, and say so here.
console-needs-you = You have to decide
console-looks = { $count ->
    [one] asked once
   *[other] asked { $count } times
}
console-open-since = since { $date }
console-sent = sent { $date }
console-balance-of = Books of { $gateway }
console-balance-made = Compared on { $date }: { $count ->
    [one] one movement
   *[other] { $count } movements
} since { $since }.
console-no-differences = The two books agree.
console-balances = Daily comparison with the gateways
console-no-balance = No gateway was compared yet.
console-difference = Difference
console-ours = Here
console-theirs = Gateway
console-movement-charge = Charge
console-movement-refund = Refund
console-movement-reversal = Taken back by the bank
console-problem-not-here = the gateway moved money that nothing here knows of
console-problem-not-settled-here = the gateway moved money, and here it has not ended
console-problem-twice = the gateway moved the money twice
console-problem-not-there = it is here, and the gateway does not have it
console-problem-amount-differs = the amounts differ
console-unseen-no-list = Not seen: this gateway cannot show its books.
console-unseen-no-answer = Not seen: the gateway did not answer to the end ({ $why }).
console-unseen-no-end = { $count ->
    [one] Not seen: the gateway’s list of its books does not end (one page was read).
   *[other] Not seen: the gateway’s list of its books does not end ({ $count } pages were read).
}
console-unseen-other-kinds = Not compared: { $kinds }.

console-payment = Payment
console-payment-customer = Customer
console-payment-tax = of which tax { $tax }
console-invoice = Invoice
console-gateway = Gateway
console-refunds = Refunds
console-no-refunds = Nothing of this payment was given back.
console-credit-note = Credit note
console-refund-left = Can be refunded
console-refund-tax = of which tax { $tax }
console-refund-tax-rate = of which tax { $tax } ({ $rate } %)
console-refund-button = Refund
console-refund-ordered = The refund is ordered. Its state below is what the gateway has said so far.
console-refund-title = Give money back
console-refund-lead = Up to { $left } of this payment can be given back. You see what that is, with its tax, before anything happens.
console-refund-how = How much
console-refund-all = All that is left: { $amount }
console-refund-part = A part
console-refund-amount = Amount of the part, in { $currency }
console-refund-amount-hint = Tax included, such as 10.00. It is spread over what was paid for.
console-refund-reason = Reason
console-refund-cancel = End the subscription at once as well
console-refund-look = Show what is given back
console-refund-other = Something else instead
console-refund-preview = What is given back
console-refund-total = Total
console-refund-note = A credit note corrects the invoice.
console-refund-stays = The subscription goes on.
console-refund-ends = The subscription ends at once.
console-refund-mailed = The customer gets a mail when the money is on its way.
console-refund-confirm = Refund { $amount }
console-refund-no-amount = Please give an amount that is above nothing and not above what is left.
console-refund-no-nothing-left = Everything was given back, or is on its way.
console-refund-no-moving = The bank is still moving this money. It can be given back once it has arrived.
console-refund-no-disputed = The customer’s bank decides about a dispute over this payment. Until then nothing can be given back.
console-refund-no-no-refunds = The gateway of this payment cannot give money back.
refund-created = Ordered
refund-processing = On its way
refund-unknown = Being checked
refund-succeeded = Refunded
refund-failed = Failed
