# Getting in: the static link, mailed links and codes, accounts, change of address.

login-title = Sign in to { $business }
login-heading = Sign in
login-lead = See your subscriptions, invoices and license keys at { $business }.
login-email = Email address
login-email-hint = The one you used when you bought.
login-email-invalid = This does not look like an email address. It should be like name@example.com.
login-send = Email me a link
login-no-password = There is no password. We send you a link and a code that work once.
login-signed-in = You are signed in already. With another address you are signed out first.

login-mail-heading = Look into your mail
login-mail-lead = If we know your address, a link and a code are on their way to it. Both work once, for { $minutes } minutes.
login-code = Code from the mail
login-code-hint = { $digits } digits. Or press the link in the mail, on any device.
login-code-wrong = This is not the code of the newest mail. Please check it and try again.
login-code-gone = This code no longer works. Please start over to get a new one.
login-enter = Sign in
login-no-mail = No mail?
login-no-mail-address = We write only to addresses that were used for a purchase. Try the one on your receipt.
login-no-mail-wait = Wait a minute, and look into your spam folder too.
login-no-mail-support = Still nothing? Write to { $address }.
login-start-over = Use another address

link-heading = Open your portal at { $business }
link-lead = This link is for { $address }.
link-open = Sign in
link-instead = You are signed in as { $name }. This link signs you in to another account instead.
link-asked = It was asked for on { $when } from the network { $network }.
link-asked-browser = It was asked for on { $when } with { $browser } from the network { $network }.
link-not-you = If that was not you, close this page. Nobody gets in.
link-private = The link works once and is meant for you alone.
link-expired-heading = This link no longer works
link-expired-lead = This link has been used or is too old. We can send you a new one.
link-again = Send a new link
link-again-where = It goes to the address that this link was for.
link-other-address = Use another address

accounts-heading = Choose an account
accounts-lead = Your address belongs to more than one.
accounts-unnamed = Account without a name
accounts-since = Customer since { $date }
accounts-open = Continue

account-other = Use another address

email-heading = Email address
email-lead = We write to { $address }.
email-new = New address
email-hint = You sign in with it from then on.
email-invalid = Please enter another address, such as name@example.com.
email-consequence = We send a link there. The change is made when you press it; we tell the old address, and you are signed out everywhere else.
email-ask = Send the link
email-sent-heading = One more step
email-sent = We sent a link to { $address }. Press it within { $minutes } minutes to make the change. Until then nothing is different.
email-back = Back to your profile
email-sign-in-again = For your safety, please sign in again with a mailed link before you change your address.
email-sign-in-button = Sign out and sign in again
email-prove-heading = Is this your address?
email-prove = From now on { $business } will write to { $address }, and you sign in with it.
email-not-you = If that was not you, close this page. Nothing is changed.
email-done-heading = Your address was changed
email-done = We told the old address. You are signed out everywhere else.
email-late = Nothing was changed. You can ask for a new link in your profile.
