see-all = Ver todo
price-plus-tax = más impuestos
from-to = { $start } – { $end }

act-reactivate = Pagar y reactivar
act-pay = Pagar ahora
act-keep = Conservar mi suscripción
act-resume = Reanudar
act-pause = Pausar esta suscripción
act-pause-date = Cambiar la fecha
act-manage = Gestionar
act-view = Ver
act-continue = Continuar en tu banco
act-continue-secure = Continuar en la página segura
act-begin = Continuar con el pago
act-new-method = Añadir una forma de pago
act-edit-method = Cambiar
act-view-payment = Ver el pago
act-back = Volver
act-overview = Ir al resumen
act-cancel = Cancelar esta suscripción
act-remove = Eliminar
act-devices = Ver dispositivos
act-pdf = Descargar PDF
act-invoice = Ver la factura

column-payment = Pago
column-amount = Importe
column-state = Estado
column-invoice = Factura
fact-price = Precio
fact-quantity = Cantidad
fact-next = Próximo pago
fact-ends = Termina el
fact-ended = Terminó el
fact-started = Desde
fact-company = Empresa
fact-tax-id = NIF/IVA
fact-date = Fecha
fact-method = Forma de pago
fact-number = Número de pago
fact-subscription = Suscripción
fact-for = Por
bill-total = Total
bill-total-with-tax = Total con impuestos
tax-added = Impuestos { $percent } %
tax-included = Incluye { $percent } % de impuestos

method-expires = Caduca { $month }
method-expired = Caducada { $month }
method-in-use = En uso
method-new = Usar otra forma de pago
method-new-where = La introduces en la página segura de nuestro proveedor de pagos.

state-ends = Termina pronto
standing-renews = Se renueva el { $date }.
standing-ends = Termina el { $date }. Mantienes el acceso hasta entonces.
standing-ends-by-itself = Dura hasta el { $date } y no se renueva.
standing-past-due = Tu pago de { $amount } no se ha podido realizar. Mantienes el acceso hasta el { $date }.
standing-past-due-bare = Tu último pago no se ha podido realizar. Mantienes el acceso hasta el { $date }.
standing-on-demand = Se cobra cuando la usas. No hay una fecha fija.
standing-paused-until = En pausa desde el { $date }. Se reanuda sola el { $end }. Mientras tanto no se cobra nada.
standing-paused = En pausa desde el { $date }. Mientras tanto no se cobra nada.
standing-pending = Empieza en cuanto se complete el primer pago.
standing-cancelled = Cancelada el { $date }.
standing-expired = Terminó el { $date }.
standing-failed = El primer pago no se completó. No se cobra nada.
hold-renewal-failed = Suspendida. Tu último pago de { $amount } del { $date } no se pudo realizar.
hold-plan-change-failed = Suspendida. Tu pago de { $amount } por el cambio de plan del { $date } no se pudo realizar.
hold-authorisation-failed = Suspendida desde el { $date }. No se pudo confirmar tu forma de pago y quedan { $amount } por pagar.
hold-pause-settlement = Suspendida desde el { $date }. Quedan { $amount } por pagar de lo que usaste antes de la pausa.
hold-grace-over = Suspendida desde el { $date }. No se pagaron { $amount } a tiempo.
hold-on-demand-charge-failed = Suspendida. Tu pago de { $amount } del { $date } no se pudo realizar.
hold-payment-reversed = Suspendida. Tu banco devolvió tu pago de { $amount } el { $date }.
hold-without-dues = Suspendida desde el { $date }. No se pudo confirmar tu forma de pago. No debes nada.

overview-calm = No hay nada pendiente
overview-next = { $product } se renueva el { $date }.
overview-empty = Aquí todavía no hay nada
overview-empty-text = Lo que compres aparecerá aquí, con sus facturas y claves de licencia.
overview-payments = Últimos pagos
todo-reactivate = Tu plan { $product } está suspendido. Quedan { $amount } por pagar.
todo-reactivate-why = Tu último pago no se pudo realizar. En cuanto esté pagado, todo vuelve a funcionar.
todo-method = Tu plan { $product } está suspendido. Necesita una forma de pago.
todo-method-why = No debes nada. En cuanto se confirme una forma de pago, todo vuelve a funcionar.
todo-pay = Quedan { $amount } por pagar de tu plan { $product }.
todo-pay-bare = Tu último pago de { $product } no se ha podido realizar.
todo-pay-until = Mantienes el acceso hasta el { $date }.
todo-confirm = Tu banco quiere que confirmes tu pago de { $amount } por { $product }.
todo-processing = Tu pago de { $amount } por { $product } está en camino.
todo-unknown = Estamos comprobando tu pago de { $amount } por { $product }.
todo-unknown-why = No se te cobrará dos veces. No tienes que hacer nada.
todo-begin = { $product } empieza con tu primer pago.
processing-until = Tu banco está transfiriendo el dinero. Tarda hasta 5 días laborables, aproximadamente hasta el { $date }.
processing-soon = Tu banco está transfiriendo el dinero. Tarda hasta 5 días laborables.
processing-access = Mientras tanto tienes acceso.

subscriptions-none = Todavía no tienes suscripciones. Cuando compres una, la gestionarás aquí.
subscriptions-none-running = Ninguna de tus suscripciones está activa en este momento.
subscriptions-past = Suscripciones anteriores ({ $count })
subscription-details = Detalles
subscription-method = Forma de pago
subscription-no-method = Todavía no hay ninguna forma de pago.
subscription-payments = Pagos
attempts-title = Qué ha pasado
attempts-next = Qué pasa ahora
attempts-next-hold = No se cobra nada hasta que pagues. Tus datos y claves de licencia se conservan.
attempts-next-past-due = Puede que volvamos a intentarlo con tu forma de pago. También puedes pagar ahora, con la misma o con otra.

method-update-title = Forma de pago
method-update-lead = Elige con qué se paga { $product } a partir de ahora.
method-update-legend = Pagar con
method-update-consequence = Ahora no se cobra nada.
method-update-next = El próximo pago es el { $date }.
method-update-button = Usar esta forma de pago

trouble-stale = El importe pendiente ha cambiado desde que abriste esta página. Revísalo, por favor.
trouble-under-way = Hay otro pago de esta suscripción en curso. Espera a que termine, por favor.
trouble-method = Esta forma de pago no sirve aquí. Elige otra, por favor.
trouble-too-many = Han sido muchos intentos en un día. Espera hasta mañana o escríbenos.
trouble-choose = Elige cómo quieres pagar, por favor.

reactivation-title = Reactivar { $product }
reactivation-title-pay = Pagar { $product }
reactivation-buys = Paga el periodo del { $start } al { $end }.
reactivation-to-pause = La pausa continúa. Puedes reanudarla cuando quieras.
reactivation-next = El próximo pago es el { $date }.
reactivation-access = Tu acceso y tus claves de licencia vuelven a funcionar al instante.
reactivation-method = Pagar con
reactivation-button = Pagar { $amount }
reactivation-saved = Los próximos pagos de esta suscripción usarán la misma forma de pago. Puedes cambiarla cuando quieras.

stage-confirm = Tu banco quiere que confirmes este pago
stage-confirm-text = Confirma tu pago de { $amount } por { $product }. Después volverás aquí.
stage-confirm-text-bare = Confirma tu pago por { $product }. Después volverás aquí.
stage-collect = Indica cómo quieres pagar
stage-collect-text = Lo introduces en la página segura de nuestro proveedor de pagos y después vuelves aquí. Nosotros nunca vemos el número.
stage-confirm-hint = No se cobra nada hasta que lo confirmes.
stage-approve = Confírmalo en la aplicación de tu banco
stage-approve-text = Estamos esperando a tu banco. Esta página se actualiza sola.
stage-processing = Tu pago está en camino
stage-processing-close = No tienes que hacer nada. Te escribiremos cuando haya llegado; puedes cerrar esta página.
stage-unknown = Lo estamos comprobando con el proveedor de pagos
stage-unknown-text = No se te cobrará dos veces. Esta página se actualiza sola.
stage-declined = El pago ha sido rechazado
stage-declined-setup = No se ha aceptado esta forma de pago
stage-cancelled = Este pago no se completó
stage-cancelled-text = No terminaste de confirmarlo con tu banco. No se ha cobrado nada.
stage-still-on-hold = { $product } sigue en suspenso hasta que se pague. Tus datos y claves de licencia se conservan.
stage-other-method = Usar otra forma de pago

done-title-paid = Pago recibido
done-title-method = Forma de pago cambiada
done-title-cancelled = Suscripción cancelada
done-title-scheduled = Cancelación programada
done-title-paused = Suscripción en pausa
done-title-resumed = Suscripción reanudada
done-title-kept = Suscripción conservada
done-paid-active = Tu suscripción a { $product } está activa
done-paid = Hemos recibido tu pago
done-paid-text = Tu pago de { $amount } se ha realizado.
done-access = Tu acceso y tus claves de licencia funcionan como antes.
done-method = Tu forma de pago ha cambiado
done-method-text = { $product } se paga con ella a partir de ahora. No se ha cobrado nada.
done-cancelled = Tu suscripción a { $product } ha terminado
done-cancelled-text = No se te volverá a cobrar. Tus facturas siguen aquí.
done-scheduled = { $product } termina el { $date }
done-scheduled-text = Mantienes el acceso hasta el { $date } y no se te volverá a cobrar. Hasta entonces puedes cambiar de opinión aquí.
done-paused = Tu suscripción a { $product } está en pausa
done-paused-open = No se cobra nada hasta que la reanudes aquí.
done-paused-until = Se reanuda sola el { $date }, o cuando la reanudes aquí. Mientras tanto no se cobra nada.
done-resumed = Tu suscripción a { $product } continúa
done-kept = Tu suscripción a { $product } continúa
done-mailed = Hemos enviado una confirmación a { $address }.
done-return = Volver a { $host }
done-to-subscription = Ir a la suscripción

pause-title = Pausar { $product }
pause-title-date = Cuándo se reanuda { $product }
pause-lead = Por favor, lee lo que significa antes de decidir.
pause-access = Durante la pausa no tienes acceso. Todo vuelve a funcionar cuando la reanudas.
pause-keys = { $count ->
    [one] Durante la pausa no tienes acceso. Tu clave de licencia deja de funcionar y vuelve a funcionar cuando la reanudas.
   *[other] Durante la pausa no tienes acceso. Tus { $count } claves de licencia dejan de funcionar y vuelven a funcionar cuando la reanudas.
}
pause-no-charge = Durante la pausa no se cobra nada.
pause-dates = El tiempo que has pagado no se pierde: el próximo pago se aplaza lo que dure la pausa.
pause-date = Reanudar automáticamente el
pause-date-hint = Sin fecha, queda en pausa hasta que la reanudes.
pause-date-wrong = Elige un día posterior a hoy.
pause-button = Pausar la suscripción
pause-button-date = Guardar

cancel-title = Cancelar { $product }
cancel-lead = Lee qué significa antes de decidir.
cancel-when = ¿Cuándo debe terminar?
cancel-at-end = Al final del periodo, el { $date }
cancel-at-end-means = Mantienes el acceso hasta el { $date } y aún puedes cambiar de opinión. No se cobra nada más.
cancel-now = Ahora
cancel-now-means = Tu acceso termina de inmediato. Lo que has pagado por este periodo no se devuelve.
cancel-only-now = Termina de inmediato y no se puede recuperar. Tendrías que comprarla de nuevo.
cancel-written-off = Ya no se te pedirán los { $amount } pendientes.
cancel-keys = { $count ->
    [one] Tu clave de licencia deja de funcionar cuando termina la suscripción.
   *[other] Tus { $count } claves de licencia dejan de funcionar cuando termina la suscripción.
}
cancel-kept = Tus facturas y tu historial de pagos siguen aquí.
cancel-reason = ¿Por qué te vas?
cancel-reason-none = Prefiero no decirlo
cancel-comment = ¿Qué podríamos hacer mejor?
cancel-button = Cancelar la suscripción
cancel-stay = Conservarla
reason-too-expensive = Es demasiado cara
reason-missing-features = No hace lo que necesito
reason-switched-service = Ahora uso otra cosa
reason-unused = No la uso
reason-customer-service = No quedé contento con la atención
reason-low-quality = La calidad no era suficiente
reason-too-complex = Es demasiado complicada
reason-other = Otro motivo

billing-none = Todavía no hay pagos. Cada uno aparecerá aquí con su factura.

payment-title = Pago de { $product }
payment-for = Por { $product }
payment-follow = Ver cómo va
payment-timeline = Qué ha pasado
step-started-customer = Iniciaste este pago
step-started-renewal = Renovación
step-started-retry = Renovación, nuevo intento ({ $retry })
step-confirm-until = Puedes hacerlo hasta el { $date }. Antes no se cobra nada.
step-paid = Pagado
step-invoiced = Factura emitida
step-declined = Rechazado
step-next = Qué pasa ahora
step-cancelled-text = No se ha cobrado nada.
step-disputed = Tu banco está revisando este pago
step-disputed-text = Hasta que decida, no cobraremos con este método de pago.
step-taken-back = Tu banco ha devuelto { $amount }
step-refunded = { $amount } devueltos
step-refund-pending = Un reembolso de { $amount } está en camino
step-refund-pending-text = Tu banco está devolviendo el dinero. Puede tardar unos días.
step-unapplied = Este importe no hacía falta
step-unapplied-text = Lo que pagaba ya estaba pagado o cancelado. Te lo devolveremos o te escribiremos.
advice-never = Esta forma de pago ya no se puede usar. Usa otra, por favor.
advice-later = Puedes volver a intentarlo más tarde o usar otra forma de pago.
advice-new-method = Usa otra forma de pago, por favor.
advice-authenticate = Paga con la sesión iniciada, para que tu banco pueda pedirte que lo confirmes.

invoice-page-from = De
invoice-page-paid = Pagada el
invoice-page-refunded = Reembolsado el
invoice-page-corrects = Corrige
invoice-state-draft = Borrador
invoice-state-issued = Por pagar
invoice-state-paid = Pagada
invoice-state-discarded = Descartada
invoice-state-credited = Rectificada

methods-lead = Con qué se pagan tus suscripciones. Para añadir una, elígela en una suscripción.
methods-none = No hay formas de pago guardadas. Se guarda una con tu primer pago.
methods-pays-for = Paga
methods-backup = Reserva
methods-backup-means = Se usa cuando otra se rechaza al renovar.
methods-backup-set = Usar como reserva
methods-backup-stop = Quitar como reserva
methods-refused = Tu banco la rechaza de forma definitiva. Usa otra.
method-remove-title = ¿Eliminar esta forma de pago?
method-remove-text = No se paga nada con ella, así que no cambia nada más. Los pagos anteriores siguen en tu historial.
method-remove-button = Eliminar
method-in-use-title = Esta forma de pago está en uso
method-in-use-text = Elige primero otra para estas suscripciones:

keys-none = No hay claves de licencia. Aparecerán aquí cuando compres algo que incluya una.
key-suspended = Volverá a funcionar en cuanto lo haga la suscripción.
key-disabled = Desactivada. Escríbenos si la necesitas.
key-expired = Terminó el { $date }.
key-expires = Funciona hasta el { $date }.
key-devices = En uso en { $used } de { $limit ->
    [one] 1 dispositivo
   *[other] { $limit } dispositivos
}
key-devices-unlimited = { $used ->
    [0] Todavía sin usar en ningún dispositivo
    [one] En uso en 1 dispositivo
   *[other] En uso en { $used } dispositivos
}
key-show-devices = Dispositivos
key-device-since = desde el { $date }
key-deactivate = Desactivar
deactivate-title = ¿Desactivar { $device }?
deactivate-text = { $product } dejará de funcionar en este dispositivo. Después podrás usar esa plaza para otro.

profile-lead = Cómo te llamamos y dónde podemos localizarte.
profile-name = Nombre
profile-name-empty = Escribe un nombre, por favor.
profile-name-long = Usa 200 caracteres como máximo, por favor.
profile-phone = Teléfono
profile-phone-wrong = Usa solo cifras, espacios y +, 40 como máximo.
profile-save = Guardar
profile-saved = Tu perfil está guardado.
profile-email = Correo electrónico
profile-email-change = Cambiar la dirección
profile-email-why = Con esta dirección inicias sesión y a ella llegan nuestros mensajes.
