# La consola.

console-title = Consola
console-mode-live = Real
console-mode-test = Prueba
nav-customers = Clientes
nav-customers-short = Clientes
nav-reconciliation = Conciliación
nav-reconciliation-short = Dinero
nav-mails = Correos
nav-mails-short = Correos
nav-webhooks = Webhooks
nav-webhooks-short = Webhooks

console-login-heading = Entrar en la consola
console-login-lead = Para el equipo. Te enviamos un enlace; no hay contraseña.
console-login-sent = Si esta dirección es de alguien del equipo, un enlace va en camino. Sirve una vez, durante { $minutes } minutos.
console-link-expired = Ya se usó o es demasiado antiguo.
console-no-business = Ningún negocio de este servidor es tuyo. Pide a quien lo administra que te dé un rol.

console-search = Buscar clientes
console-search-hint = Nombre, dirección o id
console-search-button = Buscar
console-name = Nombre
console-since = Cliente desde
console-unnamed = Sin nombre
console-all = Ver todos los clientes
console-none-found = Nadie coincide con «{ $query }».
console-no-customers = Aún no hay clientes. Aparecen aquí cuando tu sistema los crea por la API.

console-id = Id
console-phone = Teléfono
console-product = Producto
console-state = Estado
console-period-end = Fin del periodo
console-ends = Termina el { $date }
console-price = Precio
console-payments = Pagos
console-date = Fecha
console-amount = Importe
console-key = Clave
console-devices = Dispositivos
console-devices-of = { $used } de { $limit }
console-no-subscriptions = Este cliente no tiene suscripciones.
console-no-payments = Aún no se ha pagado ni intentado nada.
console-no-keys = Este cliente no tiene claves de licencia.
console-sessions = Sesiones abiertas
console-session-by = Entró
console-session-network = Red
console-session-since = Desde
console-session-used = Último uso
console-session-mail = Con un enlace o código enviado al cliente
console-session-staff = Con un enlace que creó { $who }
console-session-api = Con un enlace creado por la clave de API { $key }
console-session-operator = Con un enlace que creó el operador
console-no-sessions = Nadie ha entrado como este cliente.

console-mails-lead = Lo que se escribió a los clientes del modo de prueba. Cada correo se guarda { $days ->
    [one] un día
   *[other] { $days } días
}.
console-no-mails = Aún no hay correos. Pide un enlace en la página de acceso del modo de prueba y llegará aquí en un momento.
console-mail-links = Los enlaces y códigos funcionan: abren la sesión de este cliente de prueba.

console-share = Compartir invitación
console-share-lead = Dos formas de entrar en el portal para { $address }.
console-dynamic = Enlace de un solo uso
console-dynamic-text = Abre el portal de este cliente sin pedir la dirección. Sirve una vez, durante { $hours ->
    [one] una hora
   *[other] { $hours } horas
 }, y la sesión que abre dice que lo creaste tú. No se lo des a nadie más.
console-dynamic-until = Sirve hasta el { $until } y solo se muestra en esta página.
console-make-link = Crear un enlace
console-send-link = Enviar uno por correo
console-link-sent = Un enlace de un solo uso va en camino a { $address }.
console-link-sent-before = Se envió un enlace hace un momento. Espera un minuto antes de enviar otro.
console-static = Página de entrada
console-static-text = La misma para todos los clientes y no caduca: escriben su dirección y reciben un enlace.
console-send-invitation = Enviar una invitación
console-invited = Una invitación va en camino a { $address }.

console-webhooks-lead = Dónde se avisa a tu servidor de lo que pasa, y qué fue de ello en los últimos 7 días.
console-no-webhooks = Todavía no hay ningún destino. Crea uno con la API (webhooks.create) o pide al operador que lo escriba en el archivo del negocio.
console-webhook = Destino de webhooks
console-webhook-url = Dirección
console-webhook-types = Eventos
console-webhook-all = Todos los tipos
console-webhook-rate = Máximo por segundo
console-webhook-counts = { $delivered } entregadas, { $waiting } en espera, { $failed } fallidas
console-deliveries = Entregas
console-event = Evento
console-tries = Intentos
console-try-good = { $status } tras { $took } ms
console-try-failed = { $why }, tras { $took } ms
console-held-up = Detenida: { $why }
console-try-open = en curso o interrumpido
console-no-deliveries = Aquí no se ha entregado nada todavía.
console-replay = Enviar otra vez
console-replay-failed = Reenviar los fallos de 7 días
console-replayed = { $count ->
    [0] No había nada que reenviar.
    [one] Un evento va de nuevo en camino, con el mismo identificador.
   *[other] { $count } eventos van de nuevo en camino, con los mismos identificadores.
}
endpoint-enabled = Activo
endpoint-disabled = Desactivado
endpoint-fixed = Fijado en archivo
delivery-waiting = En espera
delivery-delivered = Entregado
delivery-failed = Fallido
delivery-dropped = Descartado
console-reconciliation-lead = Los pagos que aún no tienen final y lo que dicen los libros de las pasarelas.
console-open = Sin final
console-bounced = Reembolso devuelto
console-decide-bounced = Devuélvelo otra vez o por otra vía
console-failing = Trabajo que no avanza
console-failing-lead = Se reintenta solo, cada vez con menos frecuencia. Lo abandonado espera a quien opera el servidor, que puede retomarlo con «vestibule job retry».
console-work = Trabajo
console-why = Motivo
console-next-try = Próximo intento
console-given-up = Abandonado
console-failing-since = { $count ->
    [one] Desde el { $date }, intentado una vez
   *[other] Desde el { $date }, intentado { $count } veces
}
console-nothing-open = Todos los pagos y reembolsos han terminado, y todo el dinero está asignado.
console-refund = Reembolso
console-unapplied = Sin asignar
console-dispute = Disputa
console-taken-back = Retirado por el banco
console-came-back = Devuelto por el banco
console-decide-taken-back = Asume la pérdida o reclámala al cliente por otra vía; después regístralo con «payment decide».
console-decide-came-back = Reembolsa esta parte o quédatela; después regístralo con «payment decide».
console-next-look = Próxima consulta
console-resolve = Decidir
console-resolve-title = Decidir cómo terminó
console-resolve-lead = La pasarela no ha dicho cómo terminó esto. Se le sigue preguntando. Decide solo lo que hayas visto en los registros de la propia pasarela.
console-resolve-ended = No hay nada que decidir: ya tiene un resultado o nunca se envió.
console-resolve-found = Lo que has comprobado
console-resolve-happened = Ocurrió: el dinero se movió
console-resolve-happened-text = Lo que debía pagar queda pagado, y se avisa al cliente.
console-resolve-refund-happened-text = El dinero cuenta como devuelto, y se avisa al cliente.
console-resolve-never = No ocurrió, ni ocurrirá
console-resolve-never-text = Lo que debía pagar queda libre para otro cobro. Si el dinero sí se movió, se podría cobrar dos veces al cliente.
console-resolve-refund-never-text = El reembolso ha fallado. Lo que debía devolver se puede devolver con otro.
console-resolve-evidence = Dónde lo viste
console-resolve-evidence-hint = Por ejemplo, el extracto y su línea. Hasta 500 caracteres.
console-resolve-checked = He mirado los registros de la propia pasarela.
console-resolve-audited = La decisión, tu nombre y dónde lo viste quedan en la auditoría.
console-resolve-later = Lo que la pasarela diga después sigue contando.
console-resolve-button = Registrar la decisión
console-resolve-no-found = Elige lo que has comprobado.
console-resolve-no-evidence = Indica en 1 a 500 caracteres dónde lo viste.
console-resolve-no-checked = Mira primero los registros de la propia pasarela e indícalo aquí.
console-needs-you = Tienes que decidirlo tú
console-looks = { $count ->
    [one] consultado una vez
   *[other] consultado { $count } veces
}
console-open-since = desde el { $date }
console-sent = enviado el { $date }
console-balance-of = Libros de { $gateway }
console-balance-made = Comparados el { $date }: { $count ->
    [one] un movimiento
   *[other] { $count } movimientos
} desde el { $since }.
console-no-differences = Los dos libros coinciden.
console-balances = Comparación diaria con las pasarelas
console-no-balance = Todavía no se ha comparado ninguna pasarela.
console-difference = Diferencia
console-ours = Aquí
console-theirs = Pasarela
console-movement-charge = Cobro
console-movement-refund = Reembolso
console-movement-reversal = Devolución del banco
console-problem-not-here = la pasarela movió dinero que aquí no consta
console-problem-not-settled-here = la pasarela movió dinero y aquí no ha terminado
console-problem-twice = la pasarela movió el dinero dos veces
console-problem-not-there = aquí consta y la pasarela no lo tiene
console-problem-amount-differs = los importes son distintos
console-unseen-no-list = No visto: esta pasarela no puede mostrar sus libros.
console-unseen-no-answer = No visto: la pasarela no respondió hasta el final ({ $why }).
console-unseen-no-end = { $count ->
    [one] No visto: la lista de movimientos de la pasarela no termina (se leyó una página).
   *[other] No visto: la lista de movimientos de la pasarela no termina (se leyeron { $count } páginas).
}
console-unseen-other-kinds = No comparado: { $kinds }.

console-payment = Pago
console-payment-customer = Cliente
console-payment-tax = de los cuales { $tax } de impuestos
console-invoice = Factura
console-gateway = Pasarela
console-refunds = Reembolsos
console-no-refunds = No se ha devuelto nada de este pago.
console-credit-note = Nota de crédito
console-refund-left = Se puede devolver
console-refund-tax = de los cuales { $tax } de impuestos
console-refund-tax-rate = de los cuales { $tax } de impuestos ({ $rate } %)
console-refund-button = Reembolsar
console-refund-ordered = El reembolso está pedido. Su estado, abajo, es lo que la pasarela ha dicho hasta ahora.
console-refund-title = Devolver dinero
console-refund-lead = Se pueden devolver hasta { $left } de este pago. Ves lo que es, con sus impuestos, antes de que ocurra nada.
console-refund-how = Cuánto
console-refund-all = Todo lo que queda: { $amount }
console-refund-part = Una parte
console-refund-amount = Importe de la parte, en { $currency }
console-refund-amount-hint = Impuestos incluidos, por ejemplo 10,00. Se reparte entre lo que se pagó.
console-refund-reason = Motivo
console-refund-cancel = Terminar también la suscripción enseguida
console-refund-look = Ver lo que se devuelve
console-refund-other = Otra cosa en su lugar
console-refund-preview = Lo que se devuelve
console-refund-total = Total
console-refund-note = Una nota de crédito corrige la factura.
console-refund-stays = La suscripción continúa.
console-refund-ends = La suscripción termina enseguida.
console-refund-mailed = El cliente recibe un correo cuando el dinero está en camino.
console-refund-confirm = Reembolsar { $amount }
console-refund-no-amount = Indica un importe mayor que nada y no mayor que lo que queda.
console-refund-no-nothing-left = Ya se ha devuelto todo o está en camino.
console-refund-no-moving = El banco todavía está moviendo este dinero. Se puede devolver cuando haya llegado.
console-refund-no-disputed = El banco del cliente decide sobre una disputa de este pago. Hasta entonces no se puede devolver nada.
console-refund-no-no-refunds = La pasarela de este pago no puede devolver dinero.
refund-created = Pedido
refund-processing = En camino
refund-unknown = En comprobación
refund-succeeded = Reembolsado
refund-failed = Fallido
