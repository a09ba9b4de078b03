# Hosted payment pages, without signing in.

pay-title = Payment
pay-to = Pay { $business }
pay-today = To pay now
pay-free = { $product }, free for { $days ->
    [one] 1 day
   *[other] { $days } days
}
pay-renews = Then { $price }, next on { $date }, until you cancel.
pay-on-demand = Later payments for { $product } are charged to your payment method when you use it, until you cancel.
pay-cancel-any-time = You can cancel at any time.
pay-button = Pay { $amount }
pay-button-trial = Start the trial
pay-button-mandate = Enter a payment method
pay-button-free = Start for free
pay-again = Try again
pay-where = You enter your card or account on the secure page of our payment provider. We never see the number.
pay-paid = Payment received
pay-paid-text = Thank you. Your payment for { $product } went through.
pay-trial = Your trial has started
pay-trial-text = Your { $product } trial has started. Nothing was charged.
pay-started = Your subscription has started
pay-started-text = Your { $product } subscription is active. Nothing was charged.
pay-mailed = We have mailed you a confirmation.
pay-portal = Manage it in the portal
pay-expired = This page is no longer valid
pay-expired-text = Nothing was charged here. Please start again where you came from, or write to us.
pay-saved = Your payment method is changed
pay-saved-text = { $product } is paid with it from now on. Nothing was charged.
pay-method-title = New payment method
pay-method-for = { $product } from { $business }
pay-method-button = Enter a payment method
