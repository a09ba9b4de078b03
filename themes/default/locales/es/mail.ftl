# Correos. `business` es el nombre del comercio.

mail-why-customer = Recibes este correo porque eres cliente de { $business }.
mail-why-login = Recibes este correo porque alguien introdujo tu dirección en la página de acceso de { $business }.
mail-why-staff = Recibes este correo porque alguien introdujo tu dirección en la página de acceso de la consola.
mail-why-email = Recibes este correo porque alguien introdujo tu dirección en el portal de { $business }.
mail-portal-button = Abrir el portal
mail-sign-in-first = Antes te pediremos que inicies sesión. Nunca pedimos números de tarjeta por correo.
mail-method = { $brand ->
    [visa] Visa
    [mastercard] Mastercard
    [amex] American Express
    [discover] Discover
    [jcb] JCB
    [diners] Diners Club
    [unionpay] UnionPay
    [sepa] domiciliación SEPA
    [paypal] PayPal
    [bank] cuenta bancaria
    [bank-debit] cuenta bancaria
   *[other] tarjeta
}
mail-fact-price = Precio
mail-fact-next = Próximo pago
mail-fact-date = Fecha
mail-fact-method = Pagado con
mail-fact-invoice = Factura
mail-fact-refund-method = Devuelto a
mail-fact-credit-note = Nota de crédito
mail-fact-correction = Nota de crédito anulada con
mail-fact-plan-before = Antes
mail-fact-plan-after = Nuevo
mail-fact-plan-from = Desde
mail-fact-charged = Cobrado
mail-fact-charging = En curso de cobro
mail-fact-credit = Queda como saldo
mail-fact-resumes = Se reanuda
mail-fact-ends = Termina

mail-login-subject = { $code } es tu código para { $business }
mail-login-title = Inicia sesión en { $business }
mail-login-text = Este enlace abre tus suscripciones y facturas en { $business }.
mail-login-button = Iniciar sesión
mail-login-code = O escribe este código en el navegador desde el que lo pediste. El enlace y el código sirven una sola vez, durante { $minutes } minutos.
mail-login-ignore = Si no lo has pedido tú, puedes ignorar este correo. Nadie puede entrar sin él.

mail-staff-login-subject = Inicia sesión en la consola
mail-staff-login-text = Este enlace inicia tu sesión en la consola. Sirve una sola vez, durante { $minutes } minutos.

mail-portal-link-subject = Tu portal de cliente en { $business }
mail-portal-link-text = Este enlace abre tus suscripciones, facturas y formas de pago en { $business }.
mail-portal-link-private = Sirve una sola vez, hasta el { $until }, y es solo para ti. No reenvíes este correo.

mail-invitation-subject = Tus suscripciones en { $business }, en un solo lugar
mail-invitation-text = { $business } tiene un portal donde puedes ver tus suscripciones, descargar facturas y cambiar la forma de pago.
mail-invitation-how = Introduce la dirección a la que ha llegado este correo y recibirás un enlace para iniciar sesión. No hace falta contraseña.

mail-email-confirmation-subject = Confirma tu nueva dirección para { $business }
mail-email-confirmation-text = Abre este enlace para usar esta dirección en { $business } a partir de ahora. Sirve una sola vez, durante { $minutes } minutos.
mail-email-confirmation-button = Confirmar esta dirección
mail-email-confirmation-ignore = Si no lo has pedido tú, puedes ignorar este correo. No cambiará nada.

mail-email-changed-subject = Se ha cambiado tu dirección en { $business }
mail-email-changed-text = Desde el { $at } escribimos a { $address } en lugar de a esta dirección.
mail-email-changed-not-you = Si no has sido tú, escríbenos de inmediato.

mail-started-subject = Tu suscripción a { $product } ha comenzado
mail-started-text = Gracias. Tu suscripción a { $product } está activa.
mail-started-portal = En el portal tienes siempre tus facturas, la forma de pago y la opción de cancelar.

mail-paid-subject = Hemos recibido { $amount }. Gracias de parte de { $business }
mail-paid-title = Hemos recibido tu pago
mail-paid-text = Tu pago de { $amount } por { $product } se ha realizado correctamente.
mail-paid-backup = { $method } fue rechazada, así que hemos usado tu forma de pago de reserva.
mail-paid-button = Ver el pago y la factura
mail-paid-where = La factura está en el portal, lista para descargar.

mail-refund-subject = Tu reembolso de { $amount } de { $business }
mail-refund-title = Te hemos enviado un reembolso
mail-refund-text = Te hemos devuelto { $amount } de tu pago por { $product }.
mail-refund-text-unapplied = Te hemos devuelto { $amount } que pagaste y que no hacían falta.
mail-refund-button = Ver el pago y el reembolso
mail-refund-when = Tu banco puede tardar hasta diez días en mostrarlo en tu cuenta.

mail-returned-subject = Tu reembolso de { $amount } de { $business } nos ha sido devuelto
mail-returned-title = Tu reembolso nos ha sido devuelto
mail-returned-text = Los { $amount } que te reembolsamos de tu pago por { $product } no se pudieron abonar en tu cuenta. El banco nos devolvió el dinero.
mail-returned-text-unapplied = Los { $amount } que te reembolsamos no se pudieron abonar en tu cuenta. El banco nos devolvió el dinero.
mail-returned-next = El dinero sigue siendo tuyo. Buscaremos otra forma de dártelo y puede que te escribamos; también puedes responder a este correo.
mail-returned-button = Ver el pago

mail-reversed-subject = Tu banco ha devuelto tu pago de { $product }
mail-reversed-title = Tu banco ha devuelto un pago
mail-reversed-text = Tu banco ha devuelto tu pago de { $amount } por { $product } del { $date }, así que el importe vuelve a estar pendiente.
mail-reversed-on-hold = { $product } queda suspendida hasta que se pague. No lo cobraremos por nuestra cuenta: tú eliges cuándo y con qué.
mail-reversed-paused = { $product } sigue en pausa y ahora no se cobra nada. Cuando la reanudes, primero tendrás que pagar este importe: tú eliges cuándo y con qué. No lo cobraremos por nuestra cuenta.
mail-reversed-paused-bare = { $product } sigue en pausa y ahora no se cobra nada. Este importe se tiene que pagar antes de que continúe.
mail-reversed-ended = { $product } ha terminado. No se te cobrará nada más.

mail-reactivated-subject = Tu suscripción a { $product } vuelve a estar activa
mail-reactivated-text = Tu suscripción a { $product } vuelve a estar activa. Tus claves de licencia funcionan como antes.

mail-failed-subject = Tu pago por { $product } no se ha podido realizar
mail-failed-subject-confirm = Confirma tu pago por { $product }
mail-failed-title = Un pago no se ha podido realizar
mail-failed-text = El { $date } intentamos cobrar { $amount } por { $product } y no fue posible.
mail-failed-on-hold = { $product } queda suspendida hasta que se pague el importe. Puedes pagar con el mismo medio o con otro, y todo volverá a funcionar al momento.
mail-failed-past-due = Conservas el acceso hasta el { $until }. Paga antes de esa fecha, con el mismo medio o con otro.
mail-failed-confirm = Tu banco quiere que confirmes este pago. Solo lleva un minuto.
mail-failed-still-owed = { $product } ha terminado y este importe sigue pendiente. No lo cobraremos por nuestra cuenta: puedes pagarlo con el mismo medio o con otro.
mail-failed-plan-stays = Tu plan sigue como estaba y no debes nada por el cambio.
mail-failed-not-completed = Tu banco no ha transferido el dinero, así que tu pedido de { $product } no se ha completado. Si todavía lo quieres, vuelve a pedirlo.
mail-failed-backup = También probamos con tu forma de pago de reserva y tampoco fue posible.
mail-failed-button-look = Ver el pago
mail-failed-button = Pagar ahora

mail-due-subject = Tienes un pago pendiente por { $product }
mail-due-title = Hay un pago pendiente por { $product }
mail-due-text = { $amount } por { $product } sigue sin pagarse desde el { $since }.
mail-due-until = Conservas el acceso hasta el { $until }.
mail-due-on-hold = { $product } está suspendida hasta que se pague el importe. Después todo volverá a funcionar al momento.
mail-due-wait = Lo intentaremos de nuevo el { $date }. No hace falta esperar: puedes pagar ahora.
mail-due-retry = Lo intentaremos de nuevo el { $date }.
mail-due-new-method = No podemos cobrarlo con ninguna de tus formas de pago. Paga con otra; la guardaremos para la próxima vez.
mail-due-pay = No lo volveremos a intentar por nuestra cuenta. Puedes pagar con el mismo medio o con otro.

mail-fact-method-next = Forma de pago
mail-fact-charge-next = Se cobrará
mail-trial-subject = Tu prueba de { $product } termina el { $date }
mail-trial-title = Tu prueba de { $product } termina pronto
mail-trial-text = Tu prueba de { $product } termina el { $date }. Ese día empieza tu suscripción y te cobraremos por primera vez.
mail-renewal-subject = { $product } se renueva el { $date }
mail-renewal-title = { $product } se renueva pronto
mail-renewal-text = Tu suscripción a { $product } se renueva el { $date }. No tienes que hacer nada para conservarla.
mail-renewal-cancel = Si ya no la quieres, puedes cancelarla en el portal antes de ese día. En ese caso no se te cobrará.
mail-renewal-button = Ver o cancelar la suscripción

mail-card-subject = Tu tarjeta en { $business } caduca pronto
mail-card-title = Tu tarjeta caduca pronto
mail-card-text = Una de tus tarjetas solo funciona hasta { $month }. Añade otra para que tus suscripciones continúen.
mail-card-pays-for = Paga
mail-card-next = Si tu banco te envía una tarjeta nueva, introdúcela en el portal.
mail-card-button = Ver las formas de pago

mail-gone-subject = Una forma de pago en { $business } ya no funciona
mail-gone-title = Una forma de pago ya no funciona
mail-gone-text = Tu banco o el servicio de pagos ha retirado esta forma de pago. Ya no haremos cargos en ella. Añade otra para que tus suscripciones continúen.
mail-gone-text-on-hold = Tu banco o el servicio de pagos ha retirado esta forma de pago. Lo que paga queda en espera hasta que añadas otra. No se te cobrará nada por ello.
mail-gone-method = Forma de pago
mail-gone-next = En el portal, abre tu suscripción y elige otra forma de pago.

mail-method-subject = Tu suscripción a { $product } tiene una nueva forma de pago
mail-method-text = A partir de ahora, { $product } se paga así: { $method }.
mail-method-not-you = Si no has sido tú, inicia sesión y cámbiala, o escríbenos.

mail-plan-subject = Tu plan ha cambiado: { $product }
mail-plan-subject-scheduled = Tu plan cambia el { $date }: { $product }
mail-plan-text = Tu plan cambió el { $date }. Esto es lo que se aplica ahora.
mail-plan-text-scheduled = Tu plan cambia el { $date }. Hasta entonces todo sigue igual y no se cobra nada antes.
mail-plan-kept = Lo que quedaba de tu plan anterior se conserva como saldo y se descuenta de tus próximos pagos.
mail-plan-undo = Si cambias de opinión antes de esa fecha, puedes conservar tu plan con un solo clic en el portal.

mail-paused-subject = Tu suscripción a { $product } está en pausa
mail-paused-text = { $product } está en pausa. Mientras tanto no se cobra nada y las claves de licencia no funcionan. El tiempo que ya has pagado no se pierde: continúa cuando termine la pausa.
mail-paused-sooner = Ese día se reanuda sola. Puedes reanudarla antes en el portal.
mail-paused-open = Seguirá en pausa hasta que la reanudes en el portal.

mail-resumed-subject = Tu suscripción a { $product } vuelve a estar en marcha
mail-resumed-subject-held = Tu suscripción a { $product } espera un pago
mail-resumed-text = La pausa de { $product } ha terminado. Las claves de licencia funcionan como antes y todas las fechas se han desplazado lo que duró la pausa.
mail-resumed-text-held = La pausa de { $product } ha terminado y { $product } queda suspendida: mientras tanto tu banco devolvió un pago. Continuará en cuanto se pague. No lo cobraremos por nuestra cuenta: tú eliges cuándo y con qué.
mail-resumed-text-held-bare = La pausa de { $product } ha terminado y { $product } queda suspendida: mientras tanto tu banco devolvió un pago. Continuará en cuanto se pague.

mail-cancelled-subject = Tu suscripción a { $product } ha terminado
mail-cancelled-subject-scheduled = Tu suscripción a { $product } termina el { $date }
mail-cancelled-text = { $product } terminó el { $date }. No se te volverá a cobrar.
mail-cancelled-text-scheduled = Has cancelado { $product }. Conservas el acceso hasta el { $date } y no se te volverá a cobrar.
mail-cancelled-kept = Tus facturas siguen en el portal.
mail-cancelled-undo = Si cambias de opinión antes de esa fecha, puedes conservarla con un solo clic en el portal.
