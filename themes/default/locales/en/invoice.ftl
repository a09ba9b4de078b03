# Invoices and credit notes.

invoice-invoice = Invoice
invoice-credit-note = Credit note
invoice-to = Billed to
invoice-number = Number
invoice-issued = Date
invoice-state = State
invoice-paid = Paid
invoice-refunded = Refunded
invoice-refunded-on = Refunded on { $date }: { $method }
invoice-corrects = Corrects invoice
invoice-corrects-note = Corrects credit note
invoice-corrects-named = { $number } of { $date }
invoice-paid-on = Paid on { $date }: { $method }
invoice-tax-id = VAT ID
invoice-description = Description
invoice-quantity = Quantity
invoice-unit = Unit price
invoice-tax-rate = Tax
invoice-amount = Amount
invoice-net = Subtotal without tax
invoice-tax = Tax
invoice-on = on
invoice-total = Total
invoice-inclusive = Prices on the lines include tax.
invoice-test-mark = TEST
invoice-test = Made in test mode. This is not an invoice, and no money has moved.

# A line of a bill. $role says what it is, $what is a name or a code.
line-what = { $role ->
    [discount] Discount { $what }
    [unused] Unused: { $what }
    [kept] Kept as credit
    [credit] Credit
   *[other] { $what }
}
