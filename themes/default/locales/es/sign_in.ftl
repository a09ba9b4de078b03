# Entrar: el enlace fijo, enlaces y códigos por correo, cuentas, cambio de dirección.

login-title = Entrar en { $business }
login-heading = Entrar
login-lead = Consulta tus suscripciones, facturas y claves de licencia de { $business }.
login-email = Correo electrónico
login-email-hint = El que usaste en la compra.
login-email-invalid = No parece una dirección de correo. Debe ser como nombre@example.com.
login-send = Enviarme un enlace
login-no-password = No hay contraseña. Te enviamos un enlace y un código que sirven una vez.
login-signed-in = Ya has iniciado sesión. Con otra dirección se cerrará antes esta sesión.

login-mail-heading = Mira tu correo
login-mail-lead = Si conocemos tu dirección, un enlace y un código van en camino. Ambos sirven una vez, durante { $minutes } minutos.
login-code = Código del correo
login-code-hint = { $digits } cifras. O pulsa el enlace del correo, en cualquier dispositivo.
login-code-wrong = No es el código del último correo. Compruébalo e inténtalo de nuevo.
login-code-gone = Este código ya no sirve. Empieza de nuevo para recibir otro.
login-enter = Entrar
login-no-mail = ¿No llega el correo?
login-no-mail-address = Solo escribimos a direcciones usadas en una compra. Prueba con la de tu recibo.
login-no-mail-wait = Espera un minuto y mira también en el correo no deseado.
login-no-mail-support = ¿Sigue sin llegar? Escribe a { $address }.
login-start-over = Usar otra dirección

link-heading = Abre tu portal en { $business }
link-lead = Este enlace es para { $address }.
link-open = Entrar
link-instead = Has iniciado sesión como { $name }. Este enlace abre otra cuenta en su lugar.
link-asked = Se pidió el { $when } desde la red { $network }.
link-asked-browser = Se pidió el { $when } con { $browser } desde la red { $network }.
link-not-you = Si no fuiste tú, cierra esta página. Nadie podrá entrar.
link-private = El enlace sirve una vez y es solo para ti.
link-expired-heading = Este enlace ya no sirve
link-expired-lead = Este enlace ya se usó o es demasiado antiguo. Podemos enviarte uno nuevo.
link-again = Enviar un enlace nuevo
link-again-where = Llegará a la dirección para la que era este enlace.
link-other-address = Usar otra dirección

accounts-heading = Elige una cuenta
accounts-lead = Tu dirección pertenece a más de una.
accounts-unnamed = Cuenta sin nombre
accounts-since = Cliente desde el { $date }
accounts-open = Continuar

account-other = Usar otra dirección

email-heading = Correo electrónico
email-lead = Te escribimos a { $address }.
email-new = Nueva dirección
email-hint = Con ella entrarás a partir de entonces.
email-invalid = Escribe otra dirección, como nombre@example.com.
email-consequence = Enviaremos allí un enlace. El cambio se hace cuando lo pulses; avisaremos a la dirección anterior y se cerrarán tus demás sesiones.
email-ask = Enviar el enlace
email-sent-heading = Falta un paso
email-sent = Hemos enviado un enlace a { $address }. Púlsalo antes de { $minutes } minutos para hacer el cambio. Hasta entonces todo sigue igual.
email-back = Volver a tu perfil
email-sign-in-again = Por tu seguridad, vuelve a entrar con un enlace por correo antes de cambiar la dirección.
email-sign-in-button = Cerrar sesión y volver a entrar
email-prove-heading = ¿Es esta tu dirección?
email-prove = A partir de ahora { $business } te escribirá a { $address }, y entrarás con ella.
email-not-you = Si no fuiste tú, cierra esta página. No cambiará nada.
email-done-heading = Tu dirección ha cambiado
email-done = Hemos avisado a la dirección anterior. Tus demás sesiones se han cerrado.
email-late = No ha cambiado nada. Puedes pedir un enlace nuevo en tu perfil.
