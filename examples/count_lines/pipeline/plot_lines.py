"""Draw the reported numbers of all samples as a bar chart: PIPESTAT_CONFIG SVG_FILE."""

import sys
from xml.sax.saxutils import escape

import pipestat

config, svg_file = sys.argv[1:]

samples = pipestat.PipestatManager.from_config(config, pipeline_type="sample", multi_pipelines=True)
counts = {
    record["record_identifier"]: record["number_of_lines"]
    for record in samples.select_records(limit=None)["records"]
}

most = max(counts.values())
rows = [
    f'<text x="110" y="{30 * row + 20}" text-anchor="end">{escape(name)}</text>'
    f'<rect x="120" y="{30 * row + 4}" width="{300 * count / most:.0f}" height="22" fill="#2a7ab0"/>'
    f'<text x="{125 + 300 * count / most:.0f}" y="{30 * row + 20}">{count}</text>'
    for row, (name, count) in enumerate(sorted(counts.items()))
]
with open(svg_file, "w", encoding="utf-8") as file:
    file.write(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="470" height="{30 * len(rows)}" '
        f'font-family="sans-serif" font-size="14">{"".join(rows)}</svg>\n'
    )

project = pipestat.PipestatManager.from_config(config, pipeline_type="project")
project.report(
    values={
        "regions_plot": {
            "path": svg_file,
            "thumbnail_path": svg_file,
            "title": "Regions of each country",
        }
    }
)
