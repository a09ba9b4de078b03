//! The few words that are no part of a template: titles and what is wrong with a field.

/// The message `key` of `locales/`.
pub(crate) fn say(key: &str, spanish: bool) -> &'static str {
    let (english, in_spanish) = match key {
        "feedback-title" => ("Your feedback", "Tus opiniones"),
        "survey-title" => ("One question", "Una pregunta"),
        "thanks-title" => ("Thank you", "Gracias"),
        "thanks-text" => (
            "Your answer is kept. We read every one of them.",
            "Hemos guardado tu respuesta. Las leemos todas.",
        ),
        "survey-short" => (
            "Please write a few words.",
            "Escribe unas palabras, por favor.",
        ),
        "survey-choose" => ("Please choose one.", "Elige una opción, por favor."),
        _ => ("", ""),
    };
    if spanish { in_spanish } else { english }
}
