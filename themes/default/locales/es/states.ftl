subscription-pending = Sin empezar
subscription-active = Activa
subscription-on-hold = Suspendida
subscription-past-due = Pago pendiente
subscription-paused = En pausa
subscription-cancelled = Cancelada
subscription-expired = Terminada
subscription-failed = Sin completar

payment-created = Iniciando
payment-awaiting-customer = Te espera a ti
payment-processing = En curso
payment-unknown = En comprobación
payment-succeeded = Pagado
payment-declined = Rechazado
payment-cancelled = Cancelado
payment-refunded = Reembolsado
payment-partly-refunded = Reembolsado en parte

license-active = Activa
license-suspended = Suspendida
license-expired = Terminada
license-disabled = Desactivada

decline-generic = Tu banco ha rechazado este pago. Puedes volver a intentarlo más tarde o usar otra tarjeta.
decline-insufficient-funds = No había saldo suficiente en esta tarjeta.
decline-expired-card = Esta tarjeta ha caducado. Usa otra.
decline-incorrect-cvc = El código de seguridad no era correcto. Compruébalo y vuelve a intentarlo.
decline-incorrect-number = El número de la tarjeta no era correcto. Compruébalo y vuelve a intentarlo.
decline-limit-exceeded = Este pago supera un límite de la tarjeta. Puedes volver a intentarlo más tarde o usar otra tarjeta.
decline-not-supported = Esta tarjeta no sirve para este pago. Usa otra.
decline-authentication-required = Tu banco quiere que confirmes este pago.
decline-authentication-failed = Tu banco no ha podido confirmar que eras tú. No se ha cobrado nada.
decline-debit-returned = Tu banco ha devuelto este adeudo.
decline-processing-error = No hemos podido contactar con tu banco. Puedes volver a intentarlo dentro de unos minutos.
# Lo mismo donde el cliente no puede pagar aquí.
decline-generic-bare = Tu banco ha rechazado este pago.
decline-expired-card-bare = Esta tarjeta ha caducado.
decline-incorrect-cvc-bare = El código de seguridad no era correcto.
decline-incorrect-number-bare = El número de la tarjeta no era correcto.
decline-limit-exceeded-bare = Este pago supera un límite de la tarjeta.
decline-not-supported-bare = Esta tarjeta no sirve para este pago.
decline-processing-error-bare = No hemos podido contactar con tu banco.

price-per = { $price } { $unit ->
    [Day] { $count ->
        [one] al día
       *[other] cada { $count } días
    }
    [Week] { $count ->
        [one] a la semana
       *[other] cada { $count } semanas
    }
    [Year] { $count ->
        [one] al año
       *[other] cada { $count } años
    }
   *[Month] { $count ->
        [one] al mes
       *[other] cada { $count } meses
    }
}
