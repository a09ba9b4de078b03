sign-out = Salir del puerto
