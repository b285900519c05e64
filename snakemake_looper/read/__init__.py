"""From the files of a looper project to a `Project`: one value that holds all of them."""
