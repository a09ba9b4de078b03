//! What a wish to give money back comes to, line by line.

use proptest::prelude::*;

use super::super::super::tax::Role;
use super::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().expect("a currency"))
}

fn line(minor: i64, quantity: u32, rate: u32, tax_inclusive: bool) -> Line {
    Line {
        product: None,
        description: "Pro".to_owned(),
        quantity,
        unit: eur(minor),
        tax_inclusive,
        rate: TaxRate(rate),
        period: None,
        role: Role::Product,
        share: None,
        part: None,
    }
}

fn of(lines: &[Line]) -> (Vec<Item>, i64) {
    let totals = tax::totals(eur(0).currency, lines).expect("sums");
    let items = items(lines, totals.gross).expect("items");
    (items, totals.gross.minor)
}

#[test]
fn the_items_of_a_payment_share_its_tax_and_sum_up_to_it() {
    let (items, gross) = of(&[
        line(33, 1, 190_000, false),
        line(33, 1, 190_000, false),
        line(2900, 1, 190_000, true),
    ]);
    assert_eq!(gross, 79 + 2900);
    let shares: Vec<_> = items.iter().map(|item| (item.gross, item.tax)).collect();
    assert_eq!(shares, [(40, 7), (39, 6), (2900, 463)]);
}

#[test]
fn a_rest_that_no_line_explains_is_an_item_of_its_own() {
    let items = items(&[line(2900, 1, 190_000, true)], eur(1900)).expect("items");
    assert_eq!((items[1].gross, items[1].tax), (-1000, 0));
    let all = split(&items, &[], 1900, &Wish::Rest).expect("parts");
    assert_eq!(all.iter().map(|part| part.gross).sum::<i64>(), 1900);
}

#[test]
fn an_amount_without_tax_is_given_back_with_it() {
    let (items, left) = of(&[line(10_000, 1, 200_000, false)]);
    let wish = |amount, tax_inclusive| {
        Wish::Items(vec![WishedItem {
            id: "itm_1".to_owned(),
            amount: Some(amount),
            tax_inclusive,
        }])
    };
    let part = |wish| split(&items, &[], left, &wish).expect("parts").remove(0);
    assert_eq!(part(wish(5_000, false)).gross, 6_000);
    assert_eq!(part(wish(6_000, true)).tax, 1_000);
    let too_much = split(&items, &[], left, &wish(10_001, false));
    assert_eq!(too_much, Err(NotRefundable::TooMuch { left: 12_000 }));
}

#[test]
fn what_cannot_be_given_back_is_said() {
    let (items, left) = of(&[line(100, 1, 0, true)]);
    let wish = |id: &str| WishedItem {
        id: id.to_owned(),
        amount: Some(10),
        tax_inclusive: true,
    };
    let ask = |wish| split(&items, &[], left, &wish);
    assert_eq!(
        ask(Wish::Items(vec![wish("itm_2")])),
        Err(NotRefundable::UnknownItem("itm_2".to_owned()))
    );
    assert_eq!(
        ask(Wish::Items(vec![wish("itm_1"), wish("itm_1")])),
        Err(NotRefundable::NamedTwice("itm_1".to_owned()))
    );
    assert_eq!(ask(Wish::Amount(0)), Err(NotRefundable::NotPositive));
    assert_eq!(
        ask(Wish::Amount(101)),
        Err(NotRefundable::TooMuch { left: 100 })
    );
    assert_eq!(
        split(&items, &[], 0, &Wish::Rest),
        Err(NotRefundable::NothingLeft)
    );
}

proptest! {
    #[test]
    fn refunds_in_any_steps_give_back_exactly_what_was_taken_tax_included(
        lines in prop::collection::vec(
            (1_i64..50_000, 1_u32..4, prop::sample::select(vec![0_u32, 55_000, 190_000]), any::<bool>()),
            1..5,
        ),
        // Unused time, credit and discounts, at other rates as well.
        taken_off in prop::collection::vec(
            (-20_000_i64..0, prop::sample::select(vec![0_u32, 55_000, 190_000]), any::<bool>()),
            0..4,
        ),
        steps in prop::collection::vec(1_i64..60_000, 0..6),
    ) {
        let lines: Vec<Line> = lines
            .into_iter()
            .map(|(minor, quantity, rate, inclusive)| line(minor, quantity, rate, inclusive))
            .chain(taken_off.into_iter().map(|(minor, rate, inclusive)| line(minor, 1, rate, inclusive)))
            .collect();
        let (items, captured) = of(&lines);
        prop_assume!(captured > 0);
        let taken = tax::totals(eur(0).currency, &lines).expect("sums");
        let mut gone: Vec<Part> = Vec::new();
        let mut left = captured;
        for wish in steps.into_iter().map(Wish::Amount).chain([Wish::Rest]) {
            let Ok(parts) = split(&items, &gone, left, &wish) else { continue };
            let sum: i64 = parts.iter().map(|part| part.gross).sum();
            if let Wish::Amount(amount) = wish {
                prop_assert_eq!(sum, amount);
            }
            left -= sum;
            gone.extend(parts);
            for item in &items {
                let rest = left_of(item, &gone);
                prop_assert!(rest == 0 || rest.signum() == item.gross.signum(), "none gives more than it has");
            }
        }
        prop_assert_eq!(left, 0);
        let back = totals(&gone, eur(0)).expect("sums");
        prop_assert_eq!(back.gross, taken.gross);
        prop_assert_eq!(back.tax, taken.tax, "the tax goes back at the original rate");
        prop_assert_eq!(back.rates, taken.rates);
    }
}
