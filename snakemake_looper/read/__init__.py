"""Files become a `Project`: what is read, checked and kept out of sight while reading."""
