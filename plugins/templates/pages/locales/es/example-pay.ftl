nav-news = Novedades
wish = ¿Qué construimos ahora?
send = Enviar
thanks = Gracias. Leemos cada deseo.
