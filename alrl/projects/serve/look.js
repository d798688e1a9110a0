const percent = (share) => `${(100 * share).toFixed(1)} %`;

function section(title, ...parts) {
  const card = make("section", { class: "card" });
  card.append(make("h2", {}, title), ...parts);
  return card;
}

// Columns that hold numbers are named by their places: identifiers of digits are words.
function grid(head, rows, numbers) {
  const table = make("table"), line = make("tr");
  const cell = (kind) => (text, place) => make(kind, numbers.includes(place) ? { class: "number" } : {}, text);
  line.append(...head.map(cell("th")));
  table.append(line);
  for (const row of rows) {
    const tr = make("tr");
    tr.append(...row.map(cell("td")));
    table.append(tr);
  }
  return table;
}

function labels(status) {
  const rows = Object.entries(status.classes).map(([name, count]) => [name, count]);
  const people = Object.entries(status.annotators).map(([name, count]) => `${name} ${count}`).join(", ");
  return section("Labels",
    make("p", { class: "lead" }, `${status.labelled} of ${status.records} records`),
    grid(["class", "labels"], rows, [1]),
    make("p", { class: "soft" }, `with annotators ${status.pending}, skipped ${status.skipped}, irrelevant ${status.irrelevant}`
      + (status.held_out ? `, held out ${status.held_out}` : "")),
    make("p", { class: "soft" }, `answers by ${people || "nobody yet"}`));
}

function chart(drawing) {
  const width = 680, height = 260, left = 46, bottom = 30;
  const pointsOf = (labels, estimates) => labels.map((count, place) => ({ labels: count, ...estimates[place] }));
  const drawn = pointsOf(drawing.labels, drawing.estimates), others = pointsOf(drawing.other_labels, drawing.others);
  const counts = [...drawing.labels, ...drawing.other_labels];
  const most = Math.max(...counts), least = Math.min(...counts);
  const floor = Math.max(0, Math.floor(10 * Math.min(...drawn.map((p) => p.low), ...others.map((p) => p.accuracy))) / 10);
  const x = (n) => left + (width - left - 12) * (most === least ? 0.5 : (n - least) / (most - least));
  const y = (share) => 10 + (height - bottom - 10) * (1 - (share - floor) / (1 - floor));
  const svg = make("svg:svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "accuracy by labels" });
  for (let tick = floor; tick <= 1.0001; tick += (1 - floor) / 4) {
    svg.append(make("svg:line", { class: "axis", x1: left, x2: width - 12, y1: y(tick), y2: y(tick) }),
      make("svg:text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, `${Math.round(100 * tick)} %`));
  }
  for (const n of new Set([least, most])) {
    svg.append(make("svg:text", { x: x(n), y: height - 8, "text-anchor": "middle" }, n));
  }
  const band = [...drawn.map((p) => `${x(p.labels)},${y(p.high)}`),
    ...drawn.slice().reverse().map((p) => `${x(p.labels)},${y(p.low)}`)].join(" ");
  svg.append(make("svg:polygon", { class: "band", points: band }),
    make("svg:polyline", { class: "curve", points: drawn.map((p) => `${x(p.labels)},${y(p.accuracy)}`).join(" ") }));
  for (const p of drawn) svg.append(make("svg:circle", { class: "dot", cx: x(p.labels), cy: y(p.accuracy), r: 3 }));
  for (const p of others) svg.append(make("svg:circle", { class: "hollow", cx: x(p.labels), cy: y(p.accuracy), r: 3 }));
  return svg;
}

async function look() {
  const status = await fetched("api/status");
  by("project").textContent = status.project;
  document.title = `${status.project} – how it stands`;
  const cards = [];
  for (const text of status.advice ? [status.advice] : []) {
    cards.push(section("Advice", make("p", { class: "lead" }, text.sentence),
      ...text.reasons.map((reason) => make("p", { class: "soft" }, reason))));
  }
  if (status.curve && status.curve.some((point) => point.best)) {
    const last = status.curve.filter((point) => point.best).pop();
    cards.push(section("Accuracy", make("p", { class: "lead" },
      `${percent(last.best.accuracy)} (${percent(last.best.low)} to ${percent(last.best.high)}) after ${last.labels} labels`),
    chart(status.drawing), ...status.drawing.captions.map((caption) => make("p", { class: "soft" }, caption))));
  }
  if (status.verdict) cards.push(section("Verdict", make("p", { class: "lead" }, status.verdict.sentence)));
  cards.push(labels(status));
  if (status.bill) cards.push(section("Bill", make("p", { class: "lead" }, status.bill.sentence),
    grid(["", "amount"], status.bill.rows, [1])));
  if (status.suspects && status.suspects.length) {
    cards.push(section("Labels to look at again",
      grid(["record", "label", "rather", "score"],
        status.suspects.map((row) => [row.id, row.label, row.rather, row.score.toFixed(3)]), [3])));
  }
  by("sections").replaceChildren(...cards);
  document.body.dataset.ready = "true";
}
look().catch((error) => { by("sections").replaceChildren(section("Not now", make("p", {}, error.message))); });
