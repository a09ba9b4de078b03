# El buzón de la demostración, una página del servidor.

mailbox-title = Buzón
mailbox-lead = Todos los correos que escribe este servidor se quedan aquí en lugar de enviarse. Abre uno para usar su enlace.
mailbox-empty = Aún no hay correos. Pide un enlace en una página de acceso y llegará aquí al momento.
mailbox-subject = Asunto
mailbox-to = Para
mailbox-at = Recibido
