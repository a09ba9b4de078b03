//! Themes that were written for an earlier host go on.

use vestibule::themes::check;

use super::{Folder, registered};

/// The macros of `partials/portal.html` as they were before customers could be sent to support.
const PORTAL: &str = "\
{% import 'partials/ui.html' as ui %}{% import 'partials/plan.html' as plans %}\
{% set price = plans.price %}{% set plan_badge = plans.badge %}\
{% set standing = plans.standing %}{% set plan_card = plans.card %}\
{% macro method(value) %}{{ ui.method(value.brand, value.last4) }}{% endmacro %}\
{% macro method_lines(value) %}{{ method(value) }}{% endmacro %}\
{% macro todo(item, level='h2') %}<p>{{ item.product }}</p>{% endmacro %}\
{% macro charge_badge(charge) %}{{ charge.state }}{% endmacro %}\
{% macro charges(list) %}{{ number(list|length) }}{% endmacro %}\
{% macro attempt(charge) %}<li>{{ charge.state }}</li>{% endmacro %}\
{% macro step(tone, text) %}<li>{{ text }} {{ caller() }}</li>{% endmacro %}\
{% macro fact(label, value, class='') %}<dt>{{ label }}</dt><dd>{{ value }}</dd>{% endmacro %}\
{% macro bill(items, taxes, total, label) %}{{ label }} {{ ui.amount(total) }}{% endmacro %}\
{% macro method_choices(methods, chosen, current=none) %}{{ chosen }}{% endmacro %}\
{% macro key(item, level='h3') %}<li>{{ item.product }} {{ caller() }}</li>{% endmacro %}\
{% macro section_head(title, href=none, label=none) %}<h2>{{ title }}</h2>{% endmacro %}\
{% macro scheduled(change, here) %}{{ ui.when(change.at) }}{% endmacro %}";

const STAGE: &str = "\
{% macro title(stage, setup) %}{{ stage.kind }}{% endmacro %}\
{% macro told(stage, amount, product, give_up_path=none) %}<p>{{ product }}</p>{% endmacro %}\
{% macro refresh(stage) %}{% endmacro %}";

const MAIL: &str = "\
{% macro title(text) %}<h1>{{ text }}</h1>{% endmacro %}\
{% macro p(text) %}<p>{{ text }}</p>{% endmacro %}\
{% macro quiet(text) %}<p>{{ text }}</p>{% endmacro %}\
{% macro button(href, label) %}<a href=\"{{ href }}\">{{ label }}</a>{% endmacro %}\
{% macro facts() %}<table>{{ caller() }}</table>{% endmacro %}\
{% macro fact(label, value) %}<tr><td>{{ label }}</td><td>{{ value }}</td></tr>{% endmacro %}\
{% macro code(text) %}<p>{{ text }}</p>{% endmacro %}\
{% macro method(value) %}{{ value.brand }}{% endmacro %}\
{% macro bought(parts) %}{{ number(parts|length) }}{% endmacro %}";

const PLAIN: &str = "\
{% macro method(value) %}{{ value.brand }}{% endmacro %}\
{% macro bought(parts) %}{{ number(parts|length) }}{% endmacro %}";

#[test]
fn a_theme_with_mail_and_portal_partials_from_before_is_still_taken() {
    let folder = Folder::with_theme(
        "older",
        &[
            ("templates/partials/portal.html", PORTAL),
            ("templates/partials/stage.html", STAGE),
            ("templates/partials/mail.html", MAIL),
            ("templates/partials/mail.txt", PLAIN),
        ],
    );
    let theme = folder.path().join("older");
    let report = check::check(folder.path(), &theme, &registered()).expect("loads");
    assert!(report.problems.is_empty(), "{}", report.problems.join("\n"));
}
