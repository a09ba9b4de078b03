//! Templates of strangers.

use super::*;
use crate::themes::Locale;
use serde_json::json;

fn files(list: &[(&str, &str)]) -> BTreeMap<String, Bytes> {
    let entry = |(path, text): &(&str, &str)| ((*path).to_owned(), Bytes::from((*text).to_owned()));
    list.iter().map(entry).collect()
}

fn rendered(source: &str, data: &serde_json::Value) -> Result<String, String> {
    let files = files(&[
        ("templates/a.html", source),
        ("templates/b.html", "{% include 'b.html' %}"),
        (
            "locales/en/a.ftl",
            "hello = Hello, { $name }\ndouble = { $x }{ $x }{ $x }{ $x }\ndash = -\n\
             copy = Copy\ncopied = Copied\n\
             price-per = { $unit }{ $unit }{ $unit }{ $unit }{ $unit }{ $price }\n\
             link-asked = { $network }{ $network }{ $network }{ $when }\n",
        ),
        ("locales/es/a.ftl", "hello = Hola, { $name }\n"),
    ]);
    let enclosed = Enclosed::open("guest", &files)?;
    let frame = Frame {
        csrf: Some("sesame".to_owned()),
        ..Frame::sample(Locale::of("es"))
    };
    let form = Value::from(());
    enclosed.render("a.html", &frame, data, form)
}

#[test]
fn a_template_has_data_words_and_formats() {
    let html = rendered(
        "{% if data.list %}{% for x in data.list %}<li>{{ x|upper }}</li>{% endfor %}{% endif %}\
         {{ t('hello', name=data.name) }} {{ ui.csrf() }} {{ money(data.price) }}",
        &json!({ "list": ["a", "b"], "name": "<Ana>", "price": { "minor": 500, "currency": "EUR" } }),
    );
    let html = html.expect("renders");
    assert!(
        html.starts_with("<li>A</li><li>B</li>Hola, &lt;Ana&gt;"),
        "{html}"
    );
    assert!(html.contains("5,00") && !html.contains("sesame"), "{html}");
}

#[test]
fn whatever_builds_texts_is_refused_with_its_line() {
    for (source, says) in [
        ("\n{% set s = 'a' %}", "line 2: `{% set %}`"),
        ("{{ data.a ~ data.a }}", "`~`"),
        ("{{ data.a + data.a }}", "`+`"),
        ("{{ 'a' * 1000000 }}", "`*`"),
        ("{{ 9 ** 99 }}", "`**`"),
        ("{% macro m() %}{% endmacro %}", "`{% macro %}`"),
        ("{% extends 'layouts/base.html' %}", "`{% extends %}`"),
        ("{% import 'x' as y %}", "`{% import %}`"),
        ("{%- with a = 1 -%}{% endwith %}", "`{% with %}`"),
        ("{% filter upper %}{% endfilter %}", "`{% filter %}`"),
        (
            "{{ data.a | replace('a', data.b) }}",
            "the filter `replace`",
        ),
        (
            "{% for x in data recursive %}{{ loop(x) }}{% endfor %}",
            "`recursive`",
        ),
        ("{% include data.name %}", "a name in quotes"),
        ("{% include ['a', 'b'] %}", "a name in quotes"),
        (
            "{% for a in [data.s] %}{% for b in [ui.head(a, a)] %}{% endfor %}{% endfor %}",
            "a list in brackets",
        ),
        (
            "\n{% for b in ([[data.a]]) %}{% endfor %}",
            "line 2: a list in brackets",
        ),
        (
            "{% for b in (data.a,) %}{% endfor %}",
            "a list in parentheses",
        ),
        (
            "{% for b in not (data.a, 1) %}{% endfor %}",
            "a list in parentheses",
        ),
        (
            "{% for a, b in (data.a, 1) %}{% endfor %}",
            "a list in parentheses",
        ),
        ("{{ loop.cycle((1, 2), 3) }}", "a list in parentheses"),
        ("{{ loop.cycle([1, 2], 3) }}", "a list in brackets"),
        ("{{ data.a if data.b else [data.a] }}", "a list in brackets"),
        ("{% for b in {data.a: 1} %}{% endfor %}", "a map in braces"),
        ("{{ t('a', x={'a': data.a}) }}", "a map in braces"),
        ("{{ data.s[1:2] }}", "a part `[a:b]`"),
        ("{{ data.s[::-1] }}", "a part `[a:b]`"),
        ("{% if 'a' in data.s %}{% endif %}", "`in` but in a loop"),
        (
            "{% for a in data.s in data.t %}{% endfor %}",
            "`in` but in a loop",
        ),
        (
            "{% if data.a is in(data.b) %}{% endif %}",
            "`in` but in a loop",
        ),
    ] {
        let error = rendered(source, &json!({})).expect_err(source);
        assert!(error.contains(says), "{source}: {error}");
    }
}

#[test]
fn a_template_that_never_ends_or_grows_is_cut_off() {
    let long = "x".repeat(60_000);
    let many = json!({ "a": vec![0; 400], "long": long });
    for (source, says) in [
        ("{% include 'b.html' %}", "recursion"),
        (
            "{% for a in data.a %}{% for b in data.a %}{% for c in data.a %}{% endfor %}\
             {% endfor %}{% endfor %}",
            "fuel",
        ),
        (
            "{% for a in data.a %}{{ data.long }}{% endfor %}",
            "256 KiB",
        ),
        ("{{ t('double', x=t('double', x=data.long)) }}", "too long"),
        ("{{ range(10) }}", "unknown function"),
        ("{{ frame.csrf }}", "undefined"),
        ("{{ page.x }}", "undefined"),
        ("{{ t('nothing') }}", "no message"),
        ("{% include 'layouts/base.html' %}", "not found"),
        ("{% include '../../etc/passwd' %}", "not found"),
    ] {
        let error = rendered(source, &many).expect_err(source);
        assert!(error.contains(says), "{source}: {error}");
    }
}

#[test]
fn brackets_that_bind_nothing_are_taken() {
    let html = rendered(
        "{% for key, value in data.pairs %}{{ key }}={{ value }};{% endfor %}\
         {% for (key, value) in data.pairs %}{{ value }}{% endfor %}\
         {{ data.list[0] }}{{ data['list'][1] }}{{ (data.list)[(1)] }}{{ data.s | default('', true) }}\
         {% if (data.s == 'x' or not (data.s)) and data.list[0] == 1 %}never{% endif %}",
        &json!({ "pairs": [["a", 1], ["b", 2]], "list": [3, 4], "s": "x" }),
    );
    assert_eq!(html.as_deref(), Ok("a=1;b=2;12344x"));
}

#[test]
fn what_pieces_and_functions_make_of_each_other_is_bounded() {
    let nested = |piece: &str, times: usize| {
        let open = format!("ui.{piece}(data.s, ").repeat(times);
        format!("{open}data.s{}", ")".repeat(times))
    };
    let data = json!({ "s": "x".repeat(50) });
    for source in [
        // Each writes its last argument twice, and nothing of it is printed before all is made.
        format!("{{{{ {} }}}}", nested("copyable", 40)),
        format!("{{% if {} %}}{{% endif %}}", nested("copyable", 40)),
        // Much of little, again and again, and nothing is printed.
        "{% for a in data.s %}{% for b in data.s %}{% for c in data.s %}{% if ui.head(data.s, data.s) %}\
         {% endif %}{% endfor %}{% endfor %}{% endfor %}"
            .to_owned(),
        "{% for a in data.s %}{% for b in data.s %}{% if t('double', x=t('double', x=data.s)) %}\
         {% endif %}{% endfor %}{% endfor %}"
            .to_owned(),
    ] {
        let error = rendered(&source, &data).expect_err(&source);
        assert!(error.contains("take and make more than 1024 KiB"), "{source}: {error}");
    }
    let few = format!("{{{{ {} }}}}", nested("copyable", 6));
    assert!(rendered(&few, &data).is_ok());
}

#[test]
fn what_a_step_does_with_much_data_is_counted_or_refused() {
    let long = "x".repeat(15_000);
    let zeros = vec![0; 2000];
    let data = json!({
        "l": vec![0; 200], "s": long, "a": zeros, "b": zeros, "at": "2026-11-23T00:00:00Z",
        "price": { "minor": 500, "currency": "EUR" },
        "every": { "unit": long, "count": 1 },
        "asked": { "at": "2026-11-23T00:00:00Z", "network": "x".repeat(30_000) },
    });
    let twice = |inner: &str| {
        format!(
            "{{% for x in data.l %}}{{% for y in data.l %}}{{% if {inner} %}}{{% endif %}}{{% endfor %}}{{% endfor %}}"
        )
    };
    for inner in [
        "data.s|lower",
        "data.s|upper",
        "data.l|length",
        "t('dash', x=data.s)",
        "t('dash')",
        "money(data.price)",
        "date(data.at)",
        "moment(data.at)",
        "relative(data.at)",
        "zone(data.at)",
        "number(5)",
        "ui.amount(data.price)",
        "ui.csrf()",
    ] {
        let error = rendered(&twice(inner), &data).expect_err(inner);
        assert!(
            error.contains("take and make more than"),
            "{inner}: {error}"
        );
    }
    for (source, says) in [
        ("{{ data.a|lower }}", "a sequence is not a text"),
        ("{{ data.price|upper }}", "a map is not a text"),
        ("{{ t('double', x=data.asked.network) }}", "too long"),
        ("{{ ui.period_price(data.price, data.every) }}", "too long"),
        ("{{ ui.asked(data.asked) }}", "too long"),
    ] {
        let error = rendered(source, &data).expect_err(source);
        assert!(error.contains(says), "{source}: {error}");
    }
    // What a page of a few hundred rows needs is there.
    let rows =
        json!({ "l": vec![json!({ "at": "2026-11-23T00:00:00Z", "price": data["price"] }); 300] });
    let source = "{% for x in data.l %}{{ date(x.at) }}{{ money(x.price) }}{{ t('hello', name='A') }}{% endfor %}";
    assert!(rendered(source, &rows).is_ok());
}

#[test]
fn lists_and_maps_are_alike_when_they_are_the_same() {
    let html = rendered(
        "{{ data.a == data.a }} {{ data.a == data.b }} {{ data.a != data.b }} {{ data.m == data.n }} \
         {{ data.a[0] == data.b[0] }} {{ data.a[-1] }} {{ data.a|length }} {{ data.m|length }} \
         {{ data.a|first }}{{ data.a|last }} {{ 'xyz'|last }} {{ 'AbC'|lower }} \
         {% for key in data.m %}{{ key }}={{ data.m[key] }}{% endfor %} \
         {% if data.none %}{% else %}empty{% endif %} {{ data.a }} {{ data.m }}",
        &json!({ "a": [1, 2], "b": [1, 2], "m": { "k": 1 }, "n": { "k": 1 }, "none": [] }),
    );
    let expected = "True False True False True 2 2 1 12 z abc k=1 empty [1, 2] {&#x27;k&#x27;: 1}";
    assert_eq!(html.as_deref(), Ok(expected));
}

#[test]
fn a_message_of_many_variants_is_refused() {
    let select = |times: usize| {
        let variants: Vec<_> = (0..times).map(|n| format!("\n  [v{n}] x")).collect();
        format!("{{ $x -> {}\n *[other] y\n}}", variants.concat())
    };
    for (source, taken) in [
        (format!("a = {}\n", select(250)), true),
        (format!("a = {}\n", select(400)), false),
        (
            format!("a = {{ -b }}{{ -b }}\n-b = {}\n", select(100)),
            true,
        ),
        (
            format!("a = {}\n-b = {}\n", "{ -b }".repeat(90), select(100)),
            false,
        ),
        ("a = { b }{ b }\nb = { a }\n".to_owned(), true),
        // Each refers to the next: nobody follows them all the way down.
        (
            (0..2000)
                .map(|n| format!("m{n} = {{ m{} }}\n", n + 1))
                .collect::<Vec<_>>()
                .concat(),
            false,
        ),
    ] {
        let opened = Enclosed::open("guest", &files(&[("locales/en/a.ftl", &source)]));
        match opened.err() {
            None => assert!(taken, "{source}"),
            Some(error) => {
                assert!(!taken, "{error}");
                assert!(error.contains("more than 300 variants"), "{error}");
            }
        }
    }
}

#[test]
fn an_error_shows_no_more_of_a_value_than_says_which_it_is() {
    let long = "x".repeat(60_000);
    let data = json!({ "map": { "a": long }, "list": [long], "text": long });
    for source in [
        "{{ money(data.map) }}",
        "{{ date(data.list) }}",
        "{{ date(data.text) }}",
        "{{ ui.badge('good', data.list) }}",
        "{{ ui.badge(data.text, data.text) }}",
        "{{ ui.tone_icon(data.text) }}",
        "{{ t(data.text) }}",
        "{{ ui.subscription_state(data.text) }}",
    ] {
        let error = rendered(source, &data).expect_err(source);
        assert!(
            error.chars().count() <= LONGEST_ERROR,
            "{source}: {} bytes",
            error.len()
        );
    }
}

#[test]
fn words_in_a_language_that_nobody_speaks_bring_nothing_down() {
    for tag in ["zz", "zz-QQ"] {
        let path = format!("locales/{tag}/a.ftl");
        let opened = Enclosed::open("guest", &files(&[(path.as_str(), "a = b")]));
        assert!(opened.is_ok(), "{tag}: {:?}", opened.err());
    }
    // And everybody else's pages go on.
    assert!(!Formats::of("en").is_right_to_left());
}

#[test]
fn one_wrong_file_refuses_all() {
    for (path, text, says) in [
        ("templates/a.txt", "x", "end in .html"),
        ("templates/a.html", "{% if %}", "templates/a.html"),
        ("locales/en.ftl", "a = b", "locales/LANGUAGE/NAME.ftl"),
        ("locales/en/a.ftl", "a = {", "a.ftl"),
        ("static/a.js", "alert(1)", "not served"),
    ] {
        let error = Enclosed::open("guest", &files(&[(path, text)]))
            .err()
            .expect(says);
        assert!(error.contains(says), "{path}: {error}");
    }
}

#[test]
fn what_is_nested_deeply_is_refused_before_anything_follows_it_down() {
    let deep = 20_000;
    for (source, says) in [
        (format!("{{{{ data{} }}}}", ".a".repeat(deep)), "400 parts"),
        (format!("{{{{ data{} }}}}", "[0]".repeat(deep)), "400 parts"),
        (format!("{{{{ data{} }}}}", "()".repeat(deep)), "400 parts"),
        (
            format!("{{{{ data{} }}}}", "|upper".repeat(10_000)),
            "400 parts",
        ),
        (format!("{{{{ {}1 }}}}", "not ".repeat(10_000)), "400 parts"),
        (
            format!("{{{{ 1{} }}}}", " and 1".repeat(10_000)),
            "400 parts",
        ),
        (format!("{{{{ {}1 }}}}", "(".repeat(300)), "recursion"),
        (
            format!("{{% if a %}}{}{{% endif %}}", "{%elif a%}".repeat(6000)),
            "`elif` more than 50 times",
        ),
        ("{%if a%}".repeat(8000), "recursion"),
        ("{%for a in b%}".repeat(4000), "recursion"),
    ] {
        let error = rendered(&source, &json!({})).expect_err(says);
        assert!(error.contains(says), "{error}");
    }
    let many = |text: &str| format!("a = {}", text.repeat(60_000 / text.len()));
    for source in [
        many("{"),
        many("{ "),
        format!("a = {{ {}", "\n{".repeat(30_000)),
        format!("a = {{ {}", "F(\n".repeat(15_000)),
        format!("a = {{ {}", "F(\"}\",{".repeat(7000)),
    ] {
        let files = files(&[("locales/en/a.ftl", &source)]);
        let error = Enclosed::open("guest", &files).err().expect("too deep");
        assert!(error.contains("more than 500 brackets"), "{error}");
    }
    // Many messages with a few each are not deep.
    let usual: Vec<_> = (0..2000)
        .map(|n| format!("a{n} = {{ $x }} ({{ $y }})\n"))
        .collect();
    let usual = usual.concat();
    assert!(Enclosed::open("guest", &files(&[("locales/en/a.ftl", &usual)])).is_ok());
}

#[test]
fn what_data_says_is_never_a_template() {
    let html = rendered(
        "{{ data.name }} {{ t('hello', name=data.name) }}",
        &json!({ "name": "{{ 7*7 }}{% include 'b.html' %}{ $x }" }),
    )
    .expect("renders");
    assert!(!html.contains("49"), "{html}");
    assert_eq!(html.matches("{{ 7*7 }}{% include").count(), 2, "{html}");
}
