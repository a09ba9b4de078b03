# The customer's portal. Plain, short, in the second person, no blame, no exclamation marks.

see-all = See all
price-plus-tax = plus tax
from-to = { $start } to { $end }

# What buttons do.
act-reactivate = Pay and reactivate
act-pay = Pay now
act-keep = Keep my subscription
act-resume = Resume
act-pause = Pause this subscription
act-pause-date = Change the date
act-manage = Manage
act-view = View
act-continue = Continue to your bank
act-continue-secure = Continue to the secure page
act-begin = Continue to payment
act-new-method = Add a payment method
act-edit-method = Edit
act-view-payment = View payment
act-back = Go back
act-overview = To the overview
act-cancel = Cancel this subscription
act-remove = Remove
act-devices = See devices
act-pdf = Download PDF
act-invoice = View invoice

# Names of facts and columns.
column-payment = Payment
column-amount = Amount
column-state = State
column-invoice = Invoice
fact-price = Price
fact-quantity = Quantity
fact-next = Next payment
fact-ends = Ends on
fact-ended = Ended on
fact-started = Since
fact-company = Company
fact-tax-id = VAT ID
fact-date = Date
fact-method = Paid with
fact-number = Payment number
fact-subscription = Subscription
fact-for = For
bill-total = Total
bill-total-with-tax = Total with tax
tax-added = Tax { $percent } %
tax-included = Includes { $percent } % tax

method-expires = Expires { $month }
method-expired = Expired { $month }
method-in-use = In use
method-new = Use a new payment method
method-new-where = You enter it on the secure page of our payment provider.

# What the state of a subscription means.
state-ends = Ends soon
standing-renews = Renews on { $date }.
standing-ends = Ends on { $date }. You keep access until then.
standing-ends-by-itself = Runs until { $date } and does not renew.
standing-past-due = Your payment of { $amount } did not go through. You keep access until { $date }.
standing-past-due-bare = Your last payment did not go through. You keep access until { $date }.
standing-on-demand = Charged when you use it. There is no fixed date.
standing-paused-until = Paused since { $date }. It resumes by itself on { $end }. Nothing is charged meanwhile.
standing-paused = Paused since { $date }. Nothing is charged meanwhile.
standing-pending = Starts as soon as the first payment goes through.
standing-cancelled = Cancelled on { $date }.
standing-expired = Ended on { $date }.
standing-failed = The first payment was not completed. Nothing is charged.
hold-renewal-failed = On hold. Your last payment of { $amount } on { $date } did not go through.
hold-plan-change-failed = On hold. Your payment of { $amount } for the change of plan on { $date } did not go through.
hold-authorisation-failed = On hold since { $date }. Your payment method could not be confirmed, and { $amount } is due.
hold-pause-settlement = On hold since { $date }. { $amount } for what you used before the pause is not paid yet.
hold-grace-over = On hold since { $date }. { $amount } was not paid in time.
hold-on-demand-charge-failed = On hold. Your payment of { $amount } on { $date } did not go through.
hold-payment-reversed = On hold. Your bank took back your payment of { $amount } on { $date }.
hold-without-dues = On hold since { $date }. Your payment method could not be confirmed. Nothing is due.
hold-lapsed = On hold since { $date }. Your paid time is over. To come back you pay for a new period.

# The first thing on the overview.
overview-calm = Nothing needs your attention
overview-next = { $product } renews on { $date }.
overview-empty = Nothing here yet
overview-empty-text = What you buy appears here, with its invoices and license keys.
overview-payments = Latest payments
todo-reactivate = Your { $product } plan is on hold. { $amount } is due.
todo-reactivate-why = Your last payment did not go through. Once it is paid, everything works again at once.
todo-method = Your { $product } plan is on hold. It needs a payment method.
todo-method-why = Nothing is due. Once a payment method is confirmed, everything works again.
todo-lapsed = Your { $product } plan is on hold, and its paid time is over.
todo-lapsed-why = Nothing is owed for the past. To come back you pay for a new period; you see the amount before anything is charged.
todo-pay = { $amount } is due for your { $product } plan.
todo-pay-bare = Your last payment for { $product } did not go through.
todo-pay-until = You keep access until { $date }.
todo-settle = { $amount } is still due for your cancelled { $product } plan.
todo-settle-why = It stays cancelled. Paying settles what is open; nothing is charged after that.
todo-confirm = Your bank wants you to confirm your payment of { $amount } for { $product }.
todo-processing = Your payment of { $amount } for { $product } is on its way.
todo-unknown = We are checking your payment of { $amount } for { $product }.
todo-unknown-why = You will not be charged twice. There is nothing for you to do.
todo-begin = { $product } starts with your first payment.
processing-until = Your bank is transferring the money. This takes up to 5 working days, until about { $date }.
processing-soon = Your bank is transferring the money. This takes up to 5 working days.
processing-access = You have access meanwhile.

subscriptions-none = You have no subscriptions yet. When you buy one, you manage it here.
subscriptions-none-running = None of your subscriptions is running at the moment.
subscriptions-past = Past subscriptions ({ $count })
subscription-details = Details
subscription-method = Payment method
subscription-no-method = There is no payment method yet.
subscription-payments = Payments
attempts-title = What happened
attempts-next = What happens next
attempts-next-hold = Nothing is charged until you pay. Your data and license keys are kept.
attempts-next-past-due = We may try your payment method again. You can also pay now with the same or another one.
attempts-next-retry = We may try your payment method again.

# Choosing what a subscription is paid with.
method-update-title = Payment method
method-update-lead = Choose what { $product } is paid with from now on.
method-update-legend = Pay with
method-update-consequence = Nothing is charged now.
method-update-next = The next payment is on { $date }.
method-update-button = Use this method

# Why a form could not go on.
trouble-stale = What is due has changed since you opened this page. Please look at the amount again.
trouble-under-way = Another payment of this subscription is under way. Please wait until it is done.
trouble-method = This payment method cannot be used here. Please choose another one.
trouble-too-many = These were many tries in one day. Please wait until tomorrow, or write to us.
trouble-choose = Please choose how you want to pay.
trouble-code = This code cannot be used here. Please check how it is written.
trouble-number = Please choose numbers within the limits.

reactivation-title = Reactivate { $product }
reactivation-title-pay = Pay for { $product }
reactivation-buys = Pays for { $start } to { $end }.
reactivation-to-pause = The pause goes on. You can resume at any time.
reactivation-next = The next payment is on { $date }.
reactivation-ended = It stays cancelled. Nothing is charged after this payment.
reactivation-access = Your access and license keys work again at once.
reactivation-method = Pay with
reactivation-button = Pay { $amount }
reactivation-saved = Later payments of this subscription use the same method. You can change it at any time.

# A payment or set-up under way, or without a happy end.
stage-confirm = Your bank wants you to confirm this payment
stage-confirm-text = Please confirm your payment of { $amount } for { $product }. You come back here afterwards.
stage-confirm-text-bare = Please confirm your payment for { $product }. You come back here afterwards.
stage-collect = Enter how you want to pay
stage-collect-text = You enter it on the secure page of our payment provider, and come back here afterwards. We never see the number.
stage-confirm-hint = Nothing is charged until you have confirmed it.
stage-approve = Please confirm this in your bank’s app
stage-approve-text = We are waiting for your bank. This page updates itself.
stage-processing = Your payment is on its way
stage-processing-close = There is nothing for you to do. We write to you when it has arrived, and you can close this page.
stage-unknown = We are checking with the payment provider
stage-unknown-text = You will not be charged twice. This page updates itself.
stage-declined = This payment was declined
stage-declined-setup = This payment method was not accepted
stage-cancelled = This payment was not completed
stage-cancelled-text = You did not finish confirming with your bank. Nothing was charged.
stage-still-on-hold = { $product } stays on hold until it is paid. Your data and license keys are kept.
stage-other-method = Use another method

# What was done.
done-title-paid = Payment received
done-title-method = Payment method changed
done-title-cancelled = Subscription cancelled
done-title-scheduled = Cancellation scheduled
done-title-paused = Subscription paused
done-title-resumed = Subscription resumed
done-title-kept = Subscription kept
done-paid-active = Your { $product } subscription is active
done-paid = We received your payment
done-paid-text = Your payment of { $amount } went through.
done-access = Your access and license keys work as before.
done-method = Your payment method is changed
done-method-text = { $product } is paid with it from now on. Nothing was charged.
done-cancelled = Your { $product } subscription has ended
done-cancelled-text = You will not be charged again. Your invoices stay here.
done-scheduled = { $product } ends on { $date }
done-scheduled-text = You keep access until { $date } and will not be charged again. Until then you can change your mind here.
done-paused = Your { $product } subscription is paused
done-paused-open = Nothing is charged until you resume it here.
done-paused-until = It resumes by itself on { $date }, or when you resume it here. Nothing is charged meanwhile.
done-resumed = Your { $product } subscription goes on
done-kept = Your { $product } subscription goes on
done-mailed = We have mailed a confirmation to { $address }.
done-return = Back to { $host }
done-to-subscription = To the subscription

pause-title = Pause { $product }
pause-title-date = When { $product } resumes
pause-lead = Please read what it means before you decide.
pause-access = You have no access during the pause. Everything works again when you resume.
pause-keys = { $count ->
    [one] You have no access during the pause. Your license key stops working and works again when you resume.
   *[other] You have no access during the pause. Your { $count } license keys stop working and work again when you resume.
}
pause-no-charge = Nothing is charged during the pause.
pause-dates = The time you have paid for is not lost: the next payment moves by the length of the pause.
pause-date = Resume by itself on
pause-date-hint = Without a date, it stays paused until you resume it.
pause-date-wrong = Please choose a day after today.
pause-button = Pause subscription
pause-button-date = Save

cancel-title = Cancel { $product }
cancel-lead = Please read what it means before you decide.
cancel-when = When should it end?
cancel-at-end = At the end of the period, on { $date }
cancel-at-end-means = You keep access until { $date } and can still change your mind. Nothing more is charged.
cancel-now = Now
cancel-now-means = Your access ends at once. What you have paid for this period is not refunded.
cancel-only-now = It ends at once and cannot be brought back. You would have to buy it again.
cancel-written-off = { $amount } that is due now is no longer asked for.
cancel-keys = { $count ->
    [one] Your license key stops working when the subscription ends.
   *[other] Your { $count } license keys stop working when the subscription ends.
}
cancel-kept = Your invoices and billing history stay here.
cancel-reason = Why are you leaving?
cancel-reason-none = I would rather not say
cancel-comment = What could we do better?
cancel-button = Cancel subscription
cancel-stay = Keep it
reason-too-expensive = It is too expensive
reason-missing-features = It does not do what I need
reason-switched-service = I use something else now
reason-unused = I do not use it
reason-customer-service = I was not happy with the support
reason-low-quality = The quality was not good enough
reason-too-complex = It is too complicated
reason-other = Another reason

billing-none = There are no payments yet. Each one appears here with its invoice.

payment-title = Payment for { $product }
payment-for = For { $product }
payment-follow = See where it stands
payment-timeline = What happened
step-started-customer = You started this payment
step-started-renewal = Renewal
step-started-retry = Renewal, tried again ({ $retry })
step-confirm-until = You can do this until { $date }. Nothing is charged before.
step-paid = Paid
step-invoiced = Invoice issued
step-declined = Declined
step-next = What happens next
step-cancelled-text = Nothing was charged.
step-disputed = Your bank is looking into this payment
step-disputed-text = Until it has decided, we do not charge this payment method.
step-taken-back = Your bank took back { $amount }
step-refunded = { $amount } refunded
step-refund-pending = A refund of { $amount } is under way
step-refund-pending-text = Your bank is moving the money back. This can take some days.
step-unapplied = This amount was not needed
step-unapplied-text = What it was for had been paid or cancelled already. You get it back, or hear from us.
advice-never = This payment method cannot be used again. Please use another one.
advice-later = You can try again later, or use another payment method.
advice-new-method = Please use another payment method.
advice-authenticate = Please pay while you are signed in, so that your bank can ask you to confirm.

invoice-page-from = From
invoice-page-paid = Paid on
invoice-page-refunded = Refunded on
invoice-page-corrects = Corrects
invoice-state-draft = Draft
invoice-state-issued = To be paid
invoice-state-paid = Paid
invoice-state-discarded = Discarded
invoice-state-credited = Credited

methods-lead = What your subscriptions are paid with. To add one, choose it at a subscription.
methods-none = There are no saved payment methods. One is saved with your first payment.
methods-pays-for = Pays for
methods-backup = Backup
methods-backup-means = Tried when another one is declined at a renewal.
methods-backup-set = Use as backup
methods-backup-stop = No longer backup
methods-refused = Your bank refuses this one for good. Please use another.
method-remove-title = Remove this payment method?
method-remove-text = Nothing is paid with it, so nothing else changes. Past payments stay in your billing history.
method-remove-button = Remove
method-in-use-title = This payment method is in use
method-in-use-text = Choose another method for these subscriptions first:

keys-none = There are no license keys. They appear here when you buy something that comes with one.
key-suspended = Works again as soon as the subscription does.
key-disabled = Switched off. Please write to us if you need it.
key-expired = Ended on { $date }.
key-expires = Works until { $date }.
key-devices = Used on { $used } of { $limit ->
    [one] 1 device
   *[other] { $limit } devices
}
key-devices-unlimited = { $used ->
    [0] Not used on any device yet
    [one] Used on 1 device
   *[other] Used on { $used } devices
}
key-show-devices = Devices
key-device-since = since { $date }
key-deactivate = Deactivate
deactivate-title = Deactivate { $device }?
deactivate-text = { $product } stops working on this device. You can then use the place for another one.

profile-lead = How we address you and where we can reach you.
profile-name = Name
profile-name-empty = Please enter a name.
profile-name-long = Please use at most 200 characters.
profile-phone = Telephone
profile-phone-wrong = Please use digits, spaces and + only, at most 40 of them.
profile-save = Save
profile-saved = Your profile is saved.
profile-email = Email address
profile-email-change = Change address
profile-email-why = You sign in with this address, and our mails go there.

# One method for all subscriptions.
act-pay-all = Pay everything with one method
act-use-for-all = Use for all
round-title = Pay everything that is due
round-title-free = One method for all subscriptions
round-lead = Everything that is due is paid with one method, and your other subscriptions use it from now on.
round-lead-free = All your subscriptions are paid with this method from now on. Nothing is due.
round-no-charge = No charge now
round-each = Each subscription is charged by itself and has its own invoice. Your bank may ask you to confirm each charge.
round-later = Later payments of all these subscriptions use the same method. You can change it at any time.
round-button = Pay everything that is due
round-result-title = What became of each subscription
round-result-lead = Each one has its own result. None is charged twice.
round-is-paid = Paid
round-is-changed = Method changed
round-is-waiting = Next in turn
round-is-confirm = To be confirmed
round-is-approve = To be confirmed
round-is-processing = On its way
round-is-unknown = Being checked
round-is-declined = Declined
round-is-cancelled = Not completed
round-is-stale = Amount has changed
round-is-under-way = Already under way
round-is-unusable = Not charged
round-is-too-many = Not charged
round-is-ended = Not charged
round-is-skipped = Not charged
round-means-paid = The payment went through.
round-means-changed = It is paid with this method from now on. Nothing was charged.
round-means-waiting = Its turn comes next. This page updates itself.
round-means-confirm = Your bank wants you to confirm this payment. Nothing is charged before.
round-means-approve = Please confirm this payment in your bank’s app.
round-means-processing = Your bank is transferring the money. We write to you when it has arrived.
round-means-unknown = We are checking with the payment provider. You will not be charged twice.
round-means-cancelled = Nothing was charged.
round-means-stale = What is due changed after you agreed, so nothing was charged. Please look at the new amount and pay it there.
round-means-under-way = Another payment of this subscription was under way already, so this round charged nothing. You find it with the subscription.
round-means-unusable = This payment method cannot be used here.
round-means-too-many = These were many tries in one day. Please wait until tomorrow, or write to us.
round-means-ended = This subscription has ended meanwhile.
round-means-skipped = It was not tried, because the new payment method could not be saved.

act-plan = Change plan
round-look = See the new amount
act-plan-look = See the price
done-title-plan = Plan changed
done-plan = You now have { $product }
plan-title = Change your { $product } plan
plan-title-switch = Switch to { $product }
plan-lead = You see what it costs before anything is charged.
plan-others = All plans
plan-then = { $price } from the next payment on.
plan-now = The new plan starts at once.
plan-kept = { $amount } you have paid already is kept as credit and lowers your next payments.
plan-next = Next payment on { $date }
plan-no-method = To switch, please add a payment method first.
plan-method = Charged now to
plan-button = Switch now
plan-button-pay = Pay { $amount } and switch
act-plan-same = Change number or extras
plan-quantity = How many { $product }
plan-quantity-hint = Up to { $most }
plan-addon-price = { $price } each, per period
plan-code = Discount code
plan-replaces = This takes the place of the change that waits for { $date }.
scheduled-title = A change is on its way
scheduled-text = On { $date } your plan changes to { $parts }: { $price }. Until then everything stays as it is.
scheduled-undo = Keep my present plan
