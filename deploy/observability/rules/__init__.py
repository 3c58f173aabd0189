"""Recording and alert rules, with windows and waits as parameters: a test on live servers uses a tenth of them."""
