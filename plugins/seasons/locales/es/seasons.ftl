closed-title = Hoy nuestro soporte está cerrado
closed-text = Respondemos el próximo día laborable. Todo en estas páginas funciona como siempre.
partner = Gracias por ser nuestro socio.
