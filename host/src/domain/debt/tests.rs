//! Debts that are paid together: their amounts are what is paid, to the cent.

use proptest::prelude::*;

use super::super::Mode;
use super::super::id::Id as _;
use super::super::tax::{Role, TaxRate};
use super::*;

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn line((minor, rate, tax_inclusive): (i64, u32, bool)) -> Line {
    Line {
        product: None,
        description: "Pro".to_owned(),
        quantity: 1,
        unit: Money::new(minor, eur()),
        tax_inclusive,
        rate: TaxRate(rate),
        period: None,
        role: Role::Product,
        share: None,
        part: None,
    }
}

/// A debt over such lines, rounded alone.
fn debt(cause: usize, lines: &[(i64, u32, bool)], disputed: bool) -> Debt {
    let lines: Vec<Line> = lines.iter().copied().map(line).collect();
    let totals = tax::totals(eur(), &lines).expect("sums");
    let cause = cause.to_string();
    let parts = [cause.as_str()];
    Debt {
        id: DebtId::derived(Timestamp::UNIX_EPOCH, &parts),
        scope: Scope::new("bus_lumen".parse().expect("an id"), Mode::Test),
        customer: CustomerId::derived(Timestamp::UNIX_EPOCH, &parts),
        subscription: None,
        kind: DebtKind::Period,
        cause: cause.clone(),
        lines,
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        state: DebtState::Open,
        settled_by: None,
        disputed,
        created_at: Timestamp::UNIX_EPOCH,
        closed_at: None,
    }
}

fn amounts(debts: &[Debt]) -> Vec<i64> {
    debts.iter().map(|due| due.amount.minor).collect()
}

#[test]
fn two_debts_whose_tax_is_rounded_once_owe_what_is_paid() {
    let mut debts = [0, 1].map(|cause| debt(cause, &[(103, 190_000, false)], false));
    assert_eq!(amounts(&debts), [123, 123], "alone");
    let sums = together(eur(), &mut debts).expect("sums");
    assert_eq!((sums.gross.minor, sums.tax.minor), (245, 39));
    assert_eq!(amounts(&debts), [123, 122]);
    assert_eq!([debts[0].tax_minor, debts[1].tax_minor], [20, 19]);
    // What was rounded with others is rounded alone again when it is paid alone.
    together(eur(), &mut debts[1..]).expect("sums");
    assert_eq!(amounts(&debts[1..]), [123]);
}

#[test]
fn what_a_bank_took_back_is_paid_again_as_its_document_has_it() {
    let mut debts = [0, 1].map(|cause| debt(cause, &[(103, 190_000, false)], false));
    together(eur(), &mut debts).expect("sums");
    let mut again = [
        debt(2, &[(103, 190_000, false)], false),
        Debt {
            disputed: true,
            ..debts[1].clone()
        },
    ];
    let sums = together(eur(), &mut again).expect("sums");
    assert_eq!(amounts(&again), [123, 122]);
    assert_eq!((sums.gross.minor, sums.tax.minor), (245, 39));
    assert_eq!(sums.rates.len(), 1);
    assert_eq!(sums.rates[0].tax.minor, 39);
    assert_eq!(sums.rates[0].net.minor, 206);
}

proptest! {
    #[test]
    fn what_is_paid_is_the_sum_of_the_debts_and_of_their_tax(
        dues in prop::collection::vec(
            (
                prop::collection::vec(
                    (1_i64..100_000, prop::sample::select(vec![0, 55_000, 70_000, 190_000]), any::<bool>()),
                    1..4,
                ),
                any::<bool>(),
            ),
            1..6,
        ),
    ) {
        let mut debts: Vec<Debt> = dues
            .iter()
            .enumerate()
            .map(|(cause, (lines, disputed))| debt(cause, lines, *disputed))
            .collect();
        let alone = debts.clone();
        let sums = together(eur(), &mut debts).expect("sums");
        prop_assert_eq!(amounts(&debts).iter().sum::<i64>(), sums.gross.minor);
        prop_assert_eq!(debts.iter().map(|due| due.tax_minor).sum::<i64>(), sums.tax.minor);
        prop_assert_eq!(sums.net.minor + sums.tax.minor, sums.gross.minor);
        let of_rates: i64 = sums.rates.iter().map(|rate| rate.net.minor + rate.tax.minor).sum();
        prop_assert_eq!(of_rates, sums.gross.minor);
        for (due, alone) in debts.iter().zip(&alone) {
            // Half a cent for each group of lines that is rounded, before and after.
            prop_assert!((due.amount.minor - alone.amount.minor).abs() <= 8);
            prop_assert!(!due.disputed || due.amount == alone.amount);
        }
        // The document over what stands in none yet has exactly these amounts.
        let lines: Vec<Line> = debts
            .iter()
            .filter(|due| !due.disputed)
            .flat_map(|due| due.lines.clone())
            .collect();
        let document = tax::totals(eur(), &lines).expect("sums");
        let open: i64 = debts.iter().filter(|due| !due.disputed).map(|due| due.amount.minor).sum();
        prop_assert_eq!(document.gross.minor, open);
        // Asked again, nothing changes.
        let before = amounts(&debts);
        together(eur(), &mut debts).expect("sums");
        prop_assert_eq!(amounts(&debts), before);
    }
}
