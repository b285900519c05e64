"""Files as text: YAML with the line of each key, for messages.

yaml_lines                           the reader; `yaml_nodes` refuses bombs
yaml_faults, yaml_values             broken YAML, in our words; values of another kind
text_lines                           the lines of block texts in YAML
"""
