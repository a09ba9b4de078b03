//! What comes out of hostile markup.

use super::*;

#[test]
fn nothing_that_runs_frames_or_loads_comes_out() {
    for hostile in [
        "<script>alert(1)</script>",
        "<p onclick=\"alert(1)\" hx-get=\"/x\" style=\"position:fixed\">ok</p>",
        "<img src=\"https://evil.example/x.png\" onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<a href=\"javascript:alert(1)\">ok</a>",
        "<a href=\"data:text/html,x\">ok</a>",
        "<base href=\"https://evil.example\"><meta http-equiv=refresh content=0>",
        "<link rel=stylesheet href=\"https://evil.example/x.css\">",
        "<form action=\"/cancel\"><input name=csrf><button formaction=\"/x\">ok</button></form>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    ] {
        let clean = markup(hostile).unwrap();
        for word in [
            "script",
            "onclick",
            "onerror",
            "hx-",
            "style",
            "img",
            "iframe",
            "javascript",
            "data:",
            "base",
            "meta",
            "link",
            "form",
            "svg",
            "evil",
            "input",
        ] {
            assert!(!clean.contains(word), "{hostile} → {clean}");
        }
    }
}

#[test]
fn a_form_leads_to_the_plugins_own_pages_and_carries_the_hosts_token() {
    let forms = Forms {
        below: "/bus_lumen/x/survey",
        csrf: "sesame",
        values: &[],
        errors: &[],
    };
    let clean = |markup: &str| with_forms(markup, &forms).unwrap();
    let good =
        clean("<form action=\"/bus_lumen/x/survey/answer\" method=get><button>Go</button></form>");
    assert_eq!(
        good,
        "<form action=\"/bus_lumen/x/survey/answer\" method=\"post\">\
         <input type=\"hidden\" name=\"csrf\" value=\"sesame\"><button>Go</button></form>"
    );
    for action in [
        "/bus_lumen/subscriptions/sub_1/cancel",
        "/bus_lumen/x/survey/../../subscriptions",
        "/bus_lumen/x/surveyor",
        "https://evil.example/bus_lumen/x/survey",
        "//evil.example/bus_lumen/x/survey",
        "/bus_lumen/x/survey/%2e%2e/other",
        "/bus_lumen/x/survey/\\..\\other",
        "/bus_lumen/x/survey/a>b",
    ] {
        let clean = clean(&format!(
            "<form action=\"{action}\"><button>Go</button></form>"
        ));
        assert!(
            clean.contains("<form action=\"/bus_lumen/x/survey\" method=\"post\">"),
            "{action} → {clean}"
        );
    }
    let own = clean(
        "<form action=\"/bus_lumen/x/survey\"><input name=\"csrf\" value=\"mine\">\
                     <input type=\"password\" name=\"p\"><input type=\"file\" name=\"f\"></form>",
    );
    assert!(
        !own.contains("mine\" name=\"csrf") && !own.contains("password") && !own.contains("file"),
        "{own}"
    );
    assert_eq!(own.matches("csrf").count(), 1, "{own}");
}

#[test]
fn no_form_leads_to_the_page_that_it_stands_on_and_no_attribute_lets_the_token_out() {
    let forms = Forms {
        below: "/bus_lumen/x/survey",
        csrf: "sesame",
        values: &[],
        errors: &[],
    };
    for markup in [
        "<form><button>Stay</button></form>",
        "<form action><button>Stay</button></form>",
        "<form action=''><button formaction='/cancel' form='other'>Stay</button></form>",
        "<form title='<form> action=\"x\"'><button>Stay</button></form>",
        "<p title='<form>'>Stay</p><form><form action='/cancel'><button>Stay</button></form>",
        "<form action='/cancel'></form><button form='cancel'>Stay</button>",
        "<form title=' action='><button>Stay</button></form>",
        "<form class=' action='><button>Stay</button></form>",
        "<form id=' action='><button>Stay</button></form>",
        "<form role=' action='><button>Stay</button></form>",
        "<form lang=' action='><button>Stay</button></form>",
        "<form aria-label=' action=' dir='\" action=\"'><button>Stay</button></form>",
        "<form aria-\"='x' title=' action='><button>Stay</button></form>",
        "<form title=' method=\"leads\">' aria-\"='leads'><button>Stay</button></form>",
        "<p aria-<forms=' action=' title=' method='>&quot;leads\"></p><form><button>Stay</button>",
        "<form action='javascript:x'></form><form><button>Stay</button></form>",
        "<form action='/bus_lumen/x/survey' method='leads'></form><form>Stay</form>",
    ] {
        let clean = with_forms(markup, &forms).unwrap();
        let html = scraper::Html::parse_fragment(&clean);
        let found = scraper::Selector::parse("form").unwrap();
        for form in html.select(&found) {
            assert_eq!(form.attr("action"), Some(forms.below), "{markup} → {clean}");
            assert_eq!(form.attr("method"), Some("post"), "{markup} → {clean}");
        }
        let count = html.select(&found).count();
        assert_eq!(
            clean
                .matches(&format!(" action=\"{}\"", forms.below))
                .count(),
            count,
            "{markup} → {clean}"
        );
        let found = scraper::Selector::parse("form > input[name=csrf]").unwrap();
        let tokens = html.select(&found).count();
        assert_eq!(
            tokens,
            clean.matches("sesame").count(),
            "{markup} → {clean}"
        );
        assert!(
            !clean.contains("/cancel") && !clean.contains("form="),
            "{clean}"
        );
    }
}

#[test]
fn markdown_is_markup_and_html_in_it_is_text() {
    let html = markdown(
        "# Hi\n\n**You** <b>x</b> ![cat](https://evil.example/c.png) [a](javascript:x)\n\n<div>y</div>",
    )
    .unwrap();
    assert!(
        html.contains("<h1>Hi</h1>") && html.contains("<strong>You</strong>"),
        "{html}"
    );
    assert!(
        html.contains("&lt;b&gt;x&lt;/b&gt;") && html.contains("&lt;div&gt;y&lt;/div&gt;"),
        "{html}"
    );
    assert!(
        html.contains("cat") && !html.contains("evil") && !html.contains("javascript"),
        "{html}"
    );
}

#[test]
fn the_text_of_markup_is_what_a_reader_sees() {
    assert_eq!(
        text_of("<h2>A &amp; B</h2>\n<p>1 &lt; 2</p>"),
        "A & B\n1 < 2"
    );
}

/// A tag with sixty thousand attributes, which `between` holds apart.
fn crowded(between: &str) -> String {
    let names: Vec<_> = (0..60_000).map(|n| format!("a{n}{between}")).collect();
    format!("<p {}>x</p>", names.concat())
}

#[test]
fn markup_that_would_make_much_out_of_little_is_not_read() {
    // Each paragraph would open all of these again: a million elements out of 26 KiB.
    let open: Vec<_> = (0..1000).map(|n| format!("<b id={n}>")).collect();
    let open = open.concat();
    let again = format!("<p>{open}</p>{}", "<p>x</p>".repeat(1000));
    let nested = "<div>".repeat(50_000);
    let spelled = again.replace("<b ", "<FONT\n");
    for (hostile, says) in [
        (again.as_str(), "formatting"),
        (spelled.as_str(), "formatting"),
        (nested.as_str(), "too many tags"),
        (&"</p>".repeat(50_000), "too many tags"),
        (&crowded(" "), "too many attributes"),
        (&crowded("/"), "too many attributes"),
        (&crowded("\t"), "too many attributes"),
        (&crowded("='>'"), "too many attributes"),
        (
            &format!("<!-- <p a='-->{}", crowded("\n")),
            "too many attributes",
        ),
        (&"<html a=b>".repeat(100), "formatting"),
    ] {
        let refused = markup(hostile).unwrap_err();
        assert!(refused.contains(says), "{refused}");
        let forms = Forms {
            below: "/x",
            csrf: "sesame",
            values: &[],
            errors: &[],
        };
        assert_eq!(with_forms(hostile, &forms), Err(refused));
    }
    for deep in [">".repeat(16_000), "- ".repeat(8000), "*a ".repeat(5000)] {
        if let Ok(html) = markdown(&deep) {
            assert!(html.len() < 200_000, "{}", html.len());
        }
    }
}

#[test]
fn a_tag_may_have_many_words_in_its_attributes() {
    let words = "word ".repeat(500);
    let input = format!("<p title=\"{words}\" class='{words}'>{words}</p>");
    assert!(markup(&input).unwrap().contains(words.trim()));
    let many: Vec<_> = (0..60).map(|n| format!("aria-x{n}=1 ")).collect();
    assert!(markup(&format!("<p {}>x</p>", many.concat())).is_ok());
}

#[test]
fn a_long_page_of_lists_tables_links_and_strong_words_is_read() {
    let row = "<tr><td><a href=\"/x\">Item</a></td><td><strong>5</strong></td></tr>";
    let page = format!("<table><tbody>{}</tbody></table>", row.repeat(500));
    let clean = markup(&page).unwrap();
    assert_eq!(clean.matches("<strong>").count(), 500);
    assert_eq!(clean.matches("<a href").count(), 500);
}
