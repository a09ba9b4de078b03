# Words for states and reasons, shared by portal, hosted pages and console. Badges are one or
# two words; sentences say what happened and what to try.

subscription-pending = Not started
subscription-active = Active
subscription-on-hold = On hold
subscription-past-due = Payment due
subscription-paused = Paused
subscription-cancelled = Cancelled
subscription-expired = Ended
subscription-failed = Not completed

payment-created = Starting
payment-awaiting-customer = Waiting for you
payment-processing = Processing
payment-unknown = Being checked
payment-succeeded = Paid
payment-declined = Declined
payment-cancelled = Cancelled
payment-refunded = Refunded
payment-partly-refunded = Partly refunded

license-active = Active
license-suspended = On hold
license-expired = Ended
license-disabled = Disabled

# Lost, stolen and suspected fraud have no sentence of their own on purpose.
decline-generic = Your bank declined this payment. You can try again later or use another card.
decline-insufficient-funds = There was not enough money on this card.
decline-expired-card = This card has expired. Please use another one.
decline-incorrect-cvc = The security code was not right. Please check it and try again.
decline-incorrect-number = The card number was not right. Please check it and try again.
decline-limit-exceeded = This payment is over a limit of this card. You can try again later or use another card.
decline-not-supported = This card cannot be used for this payment. Please use another one.
decline-authentication-required = Your bank wants you to confirm this payment.
decline-authentication-failed = Your bank could not confirm that it was you. Nothing was charged.
decline-debit-returned = Your bank sent this direct debit back.
decline-processing-error = Your bank could not be reached. You can try again in a few minutes.
# The same where the customer cannot pay here.
decline-generic-bare = Your bank declined this payment.
decline-expired-card-bare = This card has expired.
decline-incorrect-cvc-bare = The security code was not right.
decline-incorrect-number-bare = The card number was not right.
decline-limit-exceeded-bare = This payment is over a limit of this card.
decline-not-supported-bare = This card cannot be used for this payment.
decline-processing-error-bare = Your bank could not be reached.

# "29,00 € per month", "every 3 months"
price-per = { $price } { $unit ->
    [Day] { $count ->
        [one] per day
       *[other] every { $count } days
    }
    [Week] { $count ->
        [one] per week
       *[other] every { $count } weeks
    }
    [Year] { $count ->
        [one] per year
       *[other] every { $count } years
    }
   *[Month] { $count ->
        [one] per month
       *[other] every { $count } months
    }
}
