# Palabras que usan todas las páginas: marco, estados, errores.

language-name = Español
language = Idioma
host-name = Portal de clientes
skip-to-content = Ir al contenido
navigation = Navegación
sign-out = Cerrar sesión
back-to = Volver a { $host }
opened-by = { $name }, de { $business }, creó el enlace que abrió esta sesión.
write-to-support = Escribir al equipo de ayuda
pay-by-support = Para pagar, escribe a { $address }.
to-our-site = Ir a { $business }
optional = (opcional)
pages = Páginas
page-newer = Más recientes
page-older = Más antiguos
copy = Copiar
copied = Copiado
waiting = Esperando una respuesta

test-mode = Modo de prueba
test-mode-explained = Aquí no se mueve dinero real.

method-card = Tarjeta
method-bank = Cuenta bancaria
method-ending-in = terminada en

nav-overview = Resumen
nav-overview-short = Inicio
nav-subscriptions = Suscripciones
nav-subscriptions-short = Planes
nav-billing = Historial de pagos
nav-billing-short = Pagos
nav-payment-methods = Formas de pago
nav-payment-methods-short = Tarjetas
nav-license-keys = Claves de licencia
nav-license-keys-short = Claves
nav-profile = Perfil
nav-profile-short = Perfil

error-not-found-title = No hemos encontrado esta página
error-not-found-text = Puede que la dirección esté incompleta o que lo que mostraba ya no exista.
error-forbidden-title = Esto no viene de nuestra página
error-forbidden-text = Por tu seguridad, solo aceptamos formularios de nuestras propias páginas. Abre la página de nuevo y repite lo que hiciste.
error-expired-title = Esta página estuvo abierta demasiado tiempo
error-expired-text = No se ha cambiado nada. Abre la página de nuevo y repite lo que hiciste.
error-invalid-title = Hay algo en este formulario que no es correcto
error-invalid-text = Vuelve atrás, revisa lo que has escrito y envíalo de nuevo.
error-conflict-title = Esto ha cambiado entretanto
error-conflict-text = Alguien, quizá tú en otra ventana, lo cambió hace un momento. Abre la página de nuevo para ver cómo está ahora.
error-card-number-title = Eso parece un número de tarjeta
error-card-number-text = Nunca aceptamos números de tarjeta en los formularios, así que no se ha enviado nada. Vuelve atrás y quítalo. Para pagar con otra tarjeta, elige usar otro método de pago: la página del proveedor de pagos te pedirá la tarjeta.
error-too-many-title = Han sido demasiados intentos seguidos
error-too-many-text = Espera unos minutos y vuelve a intentarlo.
error-unavailable-title = Este portal no está disponible en este momento
error-unavailable-text = Vuelve a intentarlo dentro de unos minutos. Tus suscripciones y claves no se ven afectadas.
error-page-unavailable-title = Esta página no se puede mostrar en este momento
error-page-unavailable-text = El resto de tu cuenta funciona como siempre. Vuelve a intentarlo dentro de unos minutos. Si enviaste algo desde esta página, puede que no haya llegado.
error-internal-title = Algo ha fallado por nuestra parte
error-internal-text = No ha sido culpa tuya y ha quedado registrado. Vuelve a intentarlo dentro de unos minutos.
error-try-again = Volver a intentarlo
error-home = Ir a la página de inicio
error-reference = Si escribes al equipo de ayuda, indica este número:
