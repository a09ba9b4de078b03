# Facturas y notas de crédito.

invoice-invoice = Factura
invoice-credit-note = Nota de crédito
invoice-to = Facturado a
invoice-number = Número
invoice-issued = Fecha
invoice-state = Estado
invoice-paid = Pagada
invoice-refunded = Reembolsado
invoice-refunded-on = Reembolsado el { $date }: { $method }
invoice-corrects = Corrige la factura
invoice-corrects-note = Corrige la nota de crédito
invoice-corrects-named = { $number } del { $date }
invoice-paid-on = Pagado el { $date }: { $method }
invoice-tax-id = NIF/IVA
invoice-description = Descripción
invoice-quantity = Cantidad
invoice-unit = Precio unitario
invoice-tax-rate = IVA
invoice-amount = Importe
invoice-net = Base imponible
invoice-tax = IVA
invoice-on = sobre
invoice-total = Total
invoice-inclusive = Los precios de las líneas incluyen el IVA.
invoice-test-mark = PRUEBA
invoice-test = Creado en modo de prueba. No es una factura y no se ha movido dinero.

# A line of a bill. $role says what it is, $what is a name or a code.
line-what = { $role ->
    [discount] Descuento { $what }
    [unused] Sin usar: { $what }
    [kept] Guardado como saldo
    [credit] Saldo a favor
   *[other] { $what }
}
