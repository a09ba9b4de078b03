# Mails. `business` is the merchant's name.

mail-why-customer = You receive this mail because you are a customer of { $business }.
mail-why-login = You receive this mail because somebody entered your address on the sign-in page of { $business }.
mail-why-staff = You receive this mail because somebody entered your address on the sign-in page of the console.
mail-why-email = You receive this mail because somebody entered your address in the portal of { $business }.
mail-portal-button = Open the portal
mail-sign-in-first = We ask you to sign in first. We never ask for card numbers by mail.
mail-method = { $brand ->
    [visa] Visa
    [mastercard] Mastercard
    [amex] American Express
    [discover] Discover
    [jcb] JCB
    [diners] Diners Club
    [unionpay] UnionPay
    [sepa] SEPA direct debit
    [paypal] PayPal
    [bank] bank account
    [bank-debit] bank account
   *[other] card
}
mail-fact-price = Price
mail-fact-next = Next payment
mail-fact-date = Date
mail-fact-method = Paid with
mail-fact-invoice = Invoice
mail-fact-refund-method = Refunded to
mail-fact-credit-note = Credit note
mail-fact-correction = Credit note taken back by
mail-fact-plan-before = Before
mail-fact-plan-after = New
mail-fact-plan-from = From
mail-fact-charged = Charged
mail-fact-charging = Being charged
mail-fact-credit = Kept as credit
mail-fact-resumes = Goes on
mail-fact-ends = Ends

mail-login-subject = { $code } is your code for { $business }
mail-login-title = Sign in to { $business }
mail-login-text = This link opens your subscriptions and invoices at { $business }.
mail-login-button = Sign in
mail-login-code = Or enter this code in the browser where you asked for it. Link and code work once, within { $minutes } minutes.
mail-login-ignore = If you did not ask for this, you can ignore this mail. Nobody gets in without it.

mail-staff-login-subject = Sign in to the console
mail-staff-login-text = This link signs you in to the console. It works once, within { $minutes } minutes.

mail-portal-link-subject = Your customer portal at { $business }
mail-portal-link-text = This link opens your subscriptions, invoices and payment methods at { $business }.
mail-portal-link-private = It works once, until { $until }, and is meant for you alone. Please do not forward this mail.

mail-invitation-subject = Your subscriptions at { $business }, in one place
mail-invitation-text = { $business } has a portal where you can see your subscriptions, download invoices and change how you pay.
mail-invitation-how = Enter the address this mail came to, and you get a link to sign in. There is no password.

mail-email-confirmation-subject = Confirm your new address for { $business }
mail-email-confirmation-text = Open this link to use this address at { $business } from now on. It works once, within { $minutes } minutes.
mail-email-confirmation-button = Confirm this address
mail-email-confirmation-ignore = If you did not ask for this, you can ignore this mail. Nothing changes.

mail-email-changed-subject = Your address at { $business } was changed
mail-email-changed-text = Since { $at } we write to { $address } instead of this address.
mail-email-changed-not-you = If this was not you, write to us right away.

mail-started-subject = Your { $product } subscription has started
mail-started-text = Thank you. Your { $product } subscription is active.
mail-started-portal = Invoices, payment method and cancelling are in the portal, at any time.

mail-paid-subject = We received { $amount } – thank you from { $business }
mail-paid-title = We received your payment
mail-paid-text = Your payment of { $amount } for { $product } went through.
mail-paid-backup = { $method } was declined, so we used your backup payment method.
mail-paid-button = See payment and invoice
mail-paid-where = The invoice is in the portal, ready to download.

mail-refund-subject = Your refund of { $amount } from { $business }
mail-refund-title = We sent you a refund
mail-refund-text = We have refunded { $amount } of your payment for { $product }.
mail-refund-text-unapplied = We have refunded { $amount } that you paid and that was not needed.
mail-refund-button = See payment and refund
mail-refund-when = Your bank may take up to ten days until you see it on your account.

mail-returned-subject = Your refund of { $amount } from { $business } came back to us
mail-returned-title = Your refund came back to us
mail-returned-text = The { $amount } that we refunded of your payment for { $product } could not be paid out to you. The bank sent the money back to us.
mail-returned-text-unapplied = The { $amount } that we refunded to you could not be paid out. The bank sent the money back to us.
mail-returned-next = The money is still yours. We will find another way to give it to you and may write to you about it; you can also reply to this mail.
mail-returned-button = See the payment

mail-reversed-subject = Your bank took back your payment for { $product }
mail-reversed-title = Your bank took back a payment
mail-reversed-text = Your payment of { $amount } for { $product } from { $date } was taken back by your bank, so the amount is open again.
mail-reversed-on-hold = { $product } is on hold until it is paid. We will not charge it by ourselves: you choose when, and with what.
mail-reversed-paused = { $product } stays paused, and nothing is charged now. When you resume it, you pay this amount first: you choose when, and with what. We will not charge it by ourselves.
mail-reversed-paused-bare = { $product } stays paused, and nothing is charged now. This amount is to be paid before it goes on.
mail-reversed-ended = { $product } has ended. You will not be charged again.

mail-reactivated-subject = Your { $product } subscription is active again
mail-reactivated-text = Your { $product } subscription is active again. Your license keys work as before.

mail-failed-subject = Your payment for { $product } did not go through
mail-failed-subject-confirm = Please confirm your payment for { $product }
mail-failed-title = A payment did not go through
mail-failed-text = We tried to charge { $amount } for { $product } on { $date }, and it did not work.
mail-failed-on-hold = { $product } is on hold until the amount is paid. You can pay with the same or another method, and everything works again at once.
mail-failed-past-due = You keep access until { $until }. Please pay before then, with the same or another method.
mail-failed-confirm = Your bank wants you to confirm this payment yourself. It takes a minute.
mail-failed-still-owed = { $product } has ended, and this amount is still open. We will not charge it by ourselves: you can pay it with the same or another method.
mail-failed-plan-stays = Your plan stays as it was, and nothing is due for the change.
mail-failed-not-completed = Your bank did not transfer the money, so your order of { $product } was not completed. If you still want it, please order it again.
mail-failed-backup = We tried your backup payment method too, and it did not work either.
mail-failed-button-look = See the payment
mail-failed-button = Pay now

mail-due-subject = Your payment for { $product } is due
mail-due-title = A payment for { $product } is due
mail-due-text = { $amount } for { $product } has been unpaid since { $since }.
mail-due-until = You keep access until { $until }.
mail-due-on-hold = { $product } is on hold until the amount is paid. Then everything works again at once.
mail-due-wait = We try again on { $date }. You need not wait: you can pay now.
mail-due-retry = We try again on { $date }.
mail-due-new-method = We cannot charge a payment method of yours for it. Please pay with another one; we keep it for the next time.
mail-due-pay = We do not try again by ourselves. You can pay with the same or another method.

mail-fact-method-next = Payment method
mail-fact-charge-next = To be charged
mail-trial-subject = Your trial of { $product } ends on { $date }
mail-trial-title = Your trial of { $product } ends soon
mail-trial-text = Your trial of { $product } ends on { $date }. On that day your subscription begins, and we charge you for the first time.
mail-renewal-subject = { $product } renews on { $date }
mail-renewal-title = { $product } renews soon
mail-renewal-text = Your { $product } subscription renews on { $date }. You need not do anything to keep it.
mail-renewal-cancel = If you do not want it any more, you can cancel it in the portal before that day. You are not charged then.
mail-renewal-button = See or cancel the subscription

mail-card-subject = Your card at { $business } expires soon
mail-card-title = Your card expires soon
mail-card-text = A card of yours works until { $month } only. Please give another one, so that your subscriptions go on.
mail-card-pays-for = Pays for
mail-card-next = If your bank sends you a new card, enter that one in the portal.
mail-card-button = See payment methods

mail-gone-subject = A payment method at { $business } no longer works
mail-gone-title = A payment method no longer works
mail-gone-text = Your bank or the payment service has withdrawn this payment method. It is not charged any more. Please give another one, so that your subscriptions go on.
mail-gone-text-on-hold = Your bank or the payment service has withdrawn this payment method. What it pays for is on hold until you give another one. Nothing is charged for that.
mail-gone-method = Payment method
mail-gone-next = In the portal, open your subscription and choose another payment method.

mail-method-subject = Your { $product } subscription has a new payment method
mail-method-text = { $product } is paid with this from now on: { $method }.
mail-method-not-you = If this was not you, sign in and change it, or write to us.

mail-plan-subject = Your plan has changed: { $product }
mail-plan-subject-scheduled = Your plan changes on { $date }: { $product }
mail-plan-text = Your plan was changed on { $date }. This is what applies now.
mail-plan-text-scheduled = Your plan changes on { $date }. Until then everything stays as it is, and nothing is charged before.
mail-plan-kept = What was left of your old plan is kept as credit. It goes towards your next payments.
mail-plan-undo = If you change your mind before then, you can keep your plan with one press in the portal.

mail-paused-subject = Your { $product } subscription is paused
mail-paused-text = { $product } is paused. Nothing is charged meanwhile, and license keys do not work. The time that you have paid for is not lost: it goes on when the pause ends.
mail-paused-sooner = It goes on by itself on that day. You can resume it sooner in the portal.
mail-paused-open = It stays paused until you resume it in the portal.

mail-resumed-subject = Your { $product } subscription is running again
mail-resumed-subject-held = Your { $product } subscription waits for a payment
mail-resumed-text = The pause of { $product } is over. License keys work as before, and all dates have moved by the length of the pause.
mail-resumed-text-held = The pause of { $product } is over, and { $product } is on hold: your bank took back a payment for it meanwhile. It goes on as soon as that is paid. We will not charge it by ourselves: you choose when, and with what.
mail-resumed-text-held-bare = The pause of { $product } is over, and { $product } is on hold: your bank took back a payment for it meanwhile. It goes on as soon as that is paid.

mail-cancelled-subject = Your { $product } subscription has ended
mail-cancelled-subject-scheduled = Your { $product } subscription ends on { $date }
mail-cancelled-text = { $product } ended on { $date }. You will not be charged again.
mail-cancelled-text-scheduled = You cancelled { $product }. You keep access until { $date } and will not be charged again.
mail-cancelled-kept = Your invoices stay in the portal.
mail-cancelled-undo = If you change your mind before then, you can keep it with one press in the portal.
