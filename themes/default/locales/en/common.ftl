# Words that every surface uses: frame, states, errors.

language-name = English
language = Language
host-name = Customer portal
skip-to-content = Skip to content
navigation = Navigation
sign-out = Sign out
back-to = Back to { $host }
opened-by = { $name } of { $business } made the link that opened this session.
write-to-support = Write to support
pay-by-support = To pay, write to { $address }.
to-our-site = Go to { $business }
optional = (optional)
pages = Pages
page-newer = Newer
page-older = Older
copy = Copy
copied = Copied
waiting = Waiting for an answer

test-mode = Test mode
test-mode-explained = No real money moves here.

method-card = Card
method-bank = Bank account
method-ending-in = ending in

# Navigation: the second form stands under an icon on phones and must be short.
nav-overview = Overview
nav-overview-short = Home
nav-subscriptions = Subscriptions
nav-subscriptions-short = Plans
nav-billing = Billing history
nav-billing-short = Billing
nav-payment-methods = Payment methods
nav-payment-methods-short = Cards
nav-license-keys = License keys
nav-license-keys-short = Keys
nav-profile = Profile
nav-profile-short = Profile

# Error pages say what to do; the reference is for support.
error-not-found-title = We could not find this page
error-not-found-text = The address may be incomplete, or what it showed is no longer there.
error-forbidden-title = This did not come from our page
error-forbidden-text = For your safety we only accept forms from our own pages. Open the page again and repeat what you did.
error-expired-title = This page was open for too long
error-expired-text = Nothing was changed. Open the page again and repeat what you did.
error-invalid-title = Something in this form is not right
error-invalid-text = Go back, look at what you entered, and send it again.
error-conflict-title = This has changed meanwhile
error-conflict-text = Somebody, perhaps you in another window, changed this a moment ago. Open the page again to see how it is now.
error-card-number-title = That looks like a card number
error-card-number-text = We never take card numbers in forms, so nothing was sent. Go back and remove it. To pay with another card, choose to use another payment method: the payment provider’s own page asks for the card.
error-too-many-title = That was a lot at once
error-too-many-text = Wait a few minutes, then try again.
error-unavailable-title = This portal is not available right now
error-unavailable-text = Please try again in a few minutes. Your subscriptions and keys are not affected.
error-page-unavailable-title = This page cannot be shown right now
error-page-unavailable-text = The rest of your account is there as always. Please try again in a few minutes. If you sent something from this page, it may not have arrived.
error-internal-title = Something went wrong on our side
error-internal-text = It was not your fault, and we have a record of it. Please try again in a few minutes.
error-try-again = Try again
error-home = Go to the start page
error-reference = If you write to support, quote this number:
