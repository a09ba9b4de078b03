pay-title = Pago
pay-to = Pagar a { $business }
pay-today = A pagar ahora
pay-free = { $product }, gratis durante { $days ->
    [one] 1 día
   *[other] { $days } días
}
pay-renews = Después { $price }, el próximo pago el { $date }, hasta que canceles.
pay-on-demand = Los próximos pagos de { $product } se cobran en tu forma de pago cuando la usas, hasta que canceles.
pay-cancel-any-time = Puedes cancelar cuando quieras.
pay-button = Pagar { $amount }
pay-button-trial = Empezar la prueba
pay-button-mandate = Introducir una forma de pago
pay-button-free = Empezar gratis
pay-again = Volver a intentarlo
pay-where = Introduces tu tarjeta o cuenta en la página segura de nuestro proveedor de pagos. Nosotros nunca vemos el número.
pay-paid = Pago recibido
pay-paid-text = Gracias. Tu pago de { $product } se ha realizado.
pay-trial = Tu prueba ha empezado
pay-trial-text = Tu prueba de { $product } ha empezado. No se ha cobrado nada.
pay-started = Tu suscripción ha empezado
pay-started-text = Tu suscripción a { $product } está activa. No se ha cobrado nada.
pay-mailed = Te hemos enviado una confirmación por correo.
pay-portal = Gestionarla en el portal
pay-expired = Esta página ya no es válida
pay-expired-text = Aquí no se ha cobrado nada. Vuelve a empezar desde donde llegaste o escríbenos.
pay-saved = Tu forma de pago ha cambiado
pay-saved-text = { $product } se paga con ella a partir de ahora. No se ha cobrado nada.
pay-method-title = Nueva forma de pago
pay-method-for = { $product } de { $business }
pay-method-button = Introducir una forma de pago
