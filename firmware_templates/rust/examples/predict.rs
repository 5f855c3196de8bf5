// predict.rs: @MARK@
//! Reads @EXAMPLE_NUMBERS@ whole numbers for each prediction from standard input, and prints the outputs.
extern crate @CRATE@;

use std::io::Read;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("standard input");
    let mut numbers = text.split_whitespace().map(|word| word.parse::<i64>().expect("a whole number"));
    while let Some(first) = numbers.next() {
        @RUST_EXAMPLE@
    }
}
