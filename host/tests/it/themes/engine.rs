//! What a template can do and what it cannot.

use vestibule::themes::{Frame, Locale, Page as _, Themes};
use vestibule::web::portal::subscriptions::SubscriptionsPage;

use super::{Folder, Probe, frame, probe, root};

fn refused(template: &str, because: &str) {
    let error = probe(template).expect_err("must be refused");
    assert!(error.contains(because), "no `{because}` in: {error}");
}

#[test]
fn what_is_undefined_or_none_is_never_printed() {
    refused("{{ page.txet }}", "undefined");
    refused("{{ page.nothing }}", "none was printed");
    refused("{{ t('no-such-key') }}", "no message `no-such-key`");
    refused("{{ t('to-our-site') }}", "to-our-site");
    refused("{{ asset('no.css') }}", "no file `static/no.css`");
}

#[test]
fn values_are_escaped_and_markup_in_sentences_is_not() {
    assert_eq!(probe("{{ page.text }}").expect("renders"), "&lt;b&gt;");
    let sentence = "{% import 'partials/ui.html' as ui %}\
                    {{ t('to-our-site', business=ui.strong(page.text)) }}";
    assert_eq!(
        probe(sentence).expect("renders"),
        "Go to <strong>&lt;b&gt;</strong>"
    );
    let sentence = "{{ t('to-our-site', business=page.text) }}";
    assert_eq!(probe(sentence).expect("renders"), "Go to &lt;b&gt;");
}

#[test]
fn pieces_escape_what_they_are_given_and_refuse_what_is_none_of_theirs() {
    let ui = |call: &str| {
        probe(&format!(
            "{{% import 'partials/ui.html' as ui %}}{{{{ {call} }}}}"
        ))
    };
    let badge = ui("ui.badge('good', page.text)").expect("renders");
    assert!(badge.ends_with("</svg>&lt;b&gt;</span>"), "{badge}");
    let method = ui("ui.method('visa', '\"42', page.text)").expect("renders");
    assert!(method.contains("<span>&lt;b&gt; "), "{method}");
    assert!(
        method.ends_with("&quot;42</span></span></span>"),
        "{method}"
    );
    assert!(ui("ui.badge('golden', 'x')").is_err());
    assert!(ui("ui.day(page.text)").is_err());
    assert!(ui("ui.amount(page.text)").is_err());
    let head = ui("ui.head(page.text, lead=page.text)").expect("renders");
    assert!(head.contains("<h1>&lt;b&gt;</h1>"), "{head}");
    assert!(head.contains("<p class=\"lead\">&lt;b&gt;</p>"), "{head}");
    assert!(ui("ui.head('x', led='y')").is_err());
    let field = ui("ui.field('a', page.text, '\"', error=page.text)").expect("renders");
    for part in [
        "<label for=\"a\">&lt;b&gt;</label>",
        "value=\"&quot;\"",
        "aria-describedby=\"a-about\"",
        "<span>&lt;b&gt;</span>",
    ] {
        assert!(field.contains(part), "{part} in {field}");
    }
    assert!(ui("ui.field('a', 'b', tpe='email')").is_err());
}

#[test]
fn a_theme_can_put_a_macro_in_the_place_of_a_piece() {
    let folder = Folder::with_theme(
        "probe",
        &[
            (
                "templates/partials/ui.html",
                "{% macro icon(name) -%}[{{ name }}]{%- endmacro %}",
            ),
            (
                "templates/pages/probe.html",
                "{% import 'partials/ui.html' as ui %}{{ ui.icon('check') }}",
            ),
        ],
    );
    let page = Probe::samples().remove(0);
    let html = folder.load().render("probe", &frame(), &page);
    assert_eq!(html.expect("renders"), "[check]");
}

#[test]
fn a_theme_that_writes_the_card_anew_has_its_own() {
    let card = "{% set price = pieces.price %}{% set badge = pieces.plan_badge %}\
                {% set standing = pieces.standing %}{% macro card(plan, loud=true, level='h3') -%}\
                <li class=\"mine\">{{ plan.product }}: {{ price(plan) }}</li>{%- endmacro %}";
    let folder = Folder::with_theme("probe", &[("templates/partials/plan.html", card)]);
    let page = SubscriptionsPage::samples().remove(0);
    let html = folder.load().render("probe", &frame(), &page);
    let html = html.expect("renders");
    let count = page.current.len();
    assert_eq!(html.matches("<li class=\"mine\">").count(), count, "{html}");
    assert!(!html.contains("card plan"), "{html}");
}

#[test]
fn endless_and_huge_pages_stop() {
    refused(
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "fuel",
    );
    refused(
        "{% for i in range(90000) %}{{ 'x' * 100 }}{% endfor %}",
        "1 MiB",
    );
}

#[test]
fn templates_reach_no_file_outside_their_theme() {
    refused("{% include '../theme.toml' %}", "theme.toml");
    refused("{% include '/etc/passwd' %}", "passwd");
}

#[cfg(unix)]
#[test]
fn links_in_a_theme_are_refused() {
    let folder = Folder::with_theme("probe", &[]);
    let link = folder.path().join("probe/templates");
    std::os::unix::fs::symlink("/etc", link).expect("a link");
    assert!(folder.load().problems()["probe"].contains("does not belong into a theme"));
}

#[test]
fn the_nonce_is_in_the_hosts_own_script_and_nowhere_a_template_reads() {
    let frame = Frame {
        script_nonce: Some("sesame".to_owned()),
        ..frame()
    };
    let template = "<head></head>{{ frame }}{{ voice }}{{ page }}";
    let folder = Folder::with_theme("probe", &[("templates/pages/probe.html", template)]);
    let page = Probe::samples().remove(0);
    let html = folder
        .load()
        .render("probe", &frame, &page)
        .expect("renders");
    assert_eq!(html.matches("sesame").count(), 1, "{html}");
    let (head, _) = html.split_once("</head>").expect("a head");
    assert!(head.contains("<script src=\"/assets/default/portal."));
    assert!(head.contains("nonce=\"sesame\" defer></script>"));
}

#[test]
fn a_theme_can_extend_the_template_it_replaces() {
    let template = "{% extends 'default:partials/foot.html' %}";
    let folder = Folder::with_theme(
        "probe",
        &[
            ("templates/partials/foot.html", template),
            (
                "templates/pages/probe.html",
                "{% include 'partials/foot.html' %}",
            ),
        ],
    );
    let page = Probe::samples().remove(0);
    let html = folder
        .load()
        .render("probe", &frame(), &page)
        .expect("renders");
    assert!(html.contains("Write to support"));
}

#[test]
fn a_page_that_a_theme_cannot_render_is_rendered_by_the_default_theme() {
    let mail = vestibule::mail::account::Login {
        link: "https://portal.example.com/l".to_owned(),
        code: "1234 5678".to_owned(),
        minutes: 10,
    };
    let folder = Folder::with_theme("probe", &[("templates/mails/login.txt", "{{ mail.oops }}")]);
    let parts = folder
        .load()
        .render_mail("probe", &frame(), &mail)
        .expect("renders");
    assert!(parts.text.contains("https://portal.example.com/l"));
}

#[test]
fn static_files_have_names_that_change_with_their_content() {
    let themes = Themes::load(&root()).expect("loads");
    let assets = themes.theme("harbour").assets().clone();
    let url = assets.url("portal.css").expect("a stylesheet");
    let path = url
        .strip_prefix("/assets/harbour/")
        .expect("the theme's own address");
    let asset = themes.asset("harbour", path).expect("served");
    assert!(asset.immutable);
    assert_eq!(asset.content_type, "text/css; charset=utf-8");
    let old = themes
        .asset("harbour", "portal.000000000000.css")
        .expect("served");
    assert!(
        !old.immutable,
        "an address from before a change must not be cached for ever"
    );
    let sprite = assets.url("sprite.svg").expect("a sprite");
    let path = sprite
        .strip_prefix("/assets/harbour/")
        .expect("the theme's own address");
    assert!(themes.asset("harbour", path).expect("served").sandboxed);
    assert!(themes.asset("harbour", "../theme.toml").is_none());
}

#[test]
fn what_plugins_show_is_held_inside_its_own_box() {
    // Markup of plugins may bear the portal's classes, and some of those are fixed to the window.
    let sheet = std::fs::read_to_string(root().join("default/static/portal.css")).expect("a sheet");
    assert!(
        sheet.contains("position: fixed"),
        "nothing is fixed any more"
    );
    assert!(sheet.contains(".extra, .dressing { contain: layout paint;"));
    for (template, inside) in [
        ("partials/blocks.html", "extra\">{{ block }}</section>"),
        (
            "pages/extra.html",
            "extra\">{{ page.content | safe }}</div>",
        ),
        (
            "layouts/portal.html",
            "dressing\">{{ frame.header.html }}</div>",
        ),
    ] {
        let path = root().join("default/templates").join(template);
        let source = std::fs::read_to_string(path).expect("a template");
        assert!(source.contains(inside), "{template}");
    }
}

#[test]
fn themes_of_merchants_bring_no_scripts() {
    let folder = Folder::with_theme("probe", &[("static/evil.js", "alert(1)")]);
    assert!(folder.load().problems()["probe"].contains("not served"));
}

#[test]
fn any_accent_becomes_readable() {
    use vestibule::themes::tokens::contrast;
    for accent in [
        "#ffff00", "#00ff00", "#ffffff", "#000000", "#7f7f7f", "#ff66cc",
    ] {
        let toml =
            format!("name = \"T\"\nextends = \"default\"\n[tokens.light]\naccent = \"{accent}\"\n");
        let folder = Folder::with_theme("probe", &[]);
        folder.write("probe", "theme.toml", &toml);
        let theme = folder.load().theme("probe");
        let colour = |name| {
            let text = theme.colours().light(name).expect("a colour");
            csscolorparser::parse(&text).expect("a colour")
        };
        for (text, behind) in [
            ("accent-text", "surface"),
            ("accent-text", "page"),
            ("on-accent", "accent"),
            ("good-text", "good-tint"),
            ("warn-text", "warn-tint"),
            ("bad-text", "bad-tint"),
            ("info-text", "info-tint"),
        ] {
            let ratio = contrast(&colour(text), &colour(behind));
            assert!(ratio >= 4.5, "{accent}: {text} on {behind} is {ratio}");
        }
    }
}

#[test]
fn only_the_languages_that_a_business_offers_are_listed() {
    let template = "{% include 'partials/languages.html' %}";
    let folder = Folder::with_theme("probe", &[("templates/pages/probe.html", template)]);
    let themes = folder.load();
    let page = Probe::samples().remove(0);
    let listed = |offered: &[&str]| {
        let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
        let locale = Locale::negotiate(&offered, &["es"]);
        let frame = Frame { locale, ..frame() };
        themes
            .render("probe", &frame, &page)
            .expect("renders")
            .matches("hreflang")
            .count()
    };
    assert_eq!(listed(&["en", "es"]), 2);
    assert_eq!(listed(&["es"]), 0, "one language needs no list");
}

#[test]
fn tokens_cannot_break_out_of_the_stylesheet() {
    let folder = Folder::with_theme("probe", &[]);
    for tokens in [
        "[tokens]\nradius = \"0}body{display:none\"",
        "[tokens.light]\naccent = \"red;}\"",
        "[tokens.light]\nacent = \"red\"",
    ] {
        folder.write(
            "probe",
            "theme.toml",
            &format!("name = \"T\"\nextends = \"default\"\n{tokens}"),
        );
        assert!(folder.load().problems().contains_key("probe"), "{tokens}");
    }
}
