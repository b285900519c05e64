"""Command templates: Jinja2 with single braces, in a sandbox, with faults in our words.

templates                            a template, checked and rendered
template_environment                 the seam to Jinja2; `template_undefined`, names without a value
template_braces                      braces that belong to the shell
template_faults, template_checks     faults with the line in the interface; checks before rendering
template_advice                      the words to write instead of those of other languages
"""
