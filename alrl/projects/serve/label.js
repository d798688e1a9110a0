// S, X and U are taken.
const keys = "1234567890qwertyiopadfghjklcvbnm";
let annotator = new URLSearchParams(location.search).get("annotator") || sessionStorage.getItem("annotator") || "";
let current = null, classes = [], shownAt = 0, hiddenAt = 0, away = 0, busy = false;

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenAt = performance.now();
  else if (hiddenAt) { away += performance.now() - hiddenAt; hiddenAt = 0; }
});

function show(state) {
  current = state.record;
  by("project").textContent = state.project;
  document.title = `${state.project} – ${state.labelled} of ${state.records}`;
  by("bar").style.width = `${100 * state.labelled / state.records}%`;
  by("count").textContent = `${state.labelled} of ${state.records} labelled`;
  by("own").textContent = `${state.own} by ${annotator}`;
  by("pace").textContent = state.seconds === null ? "" : `${state.seconds.toFixed(1)} s a label`;
  by("left").textContent = current ? `${state.left} before the next fit` : "";
  by("undo").disabled = by("undo-last").disabled = !state.undo;
  by("who").hidden = true;
  by("desk").hidden = !current;
  by("finished").hidden = Boolean(current);
  by("note").textContent = state.note || "";
  if (classes.join("\n") !== state.classes.join("\n")) offer(state.classes);
  if (current) draw(current);
  document.body.dataset.record = current ? current.id : "";
  document.body.dataset.ready = "true";
}

function offer(names) {
  classes = names;
  by("choices").replaceChildren(...names.map((name, place) => {
    const button = make("button", { type: "button", "data-place": place });
    if (keys[place]) button.append(make("kbd", {}, keys[place]));
    button.append(name);
    button.addEventListener("click", () => answer({ label: name }, button));
    return button;
  }));
}

function draw(record) {
  by("record").textContent = record.id;
  by("fields").replaceChildren(...record.fields.flatMap((field) => {
    const text = field.kind === "text" ? { class: "text" } : {};
    const value = make("dd", { class: field.kind });
    if (field.kind === "image") {
      const source = `${base}/image/${encodeURIComponent(record.id)}?column=${encodeURIComponent(field.name)}`;
      value.append(make("img", { src: source, alt: field.value }));
    } else value.append(field.value);
    return [make("dt", text, field.name), value];
  }));
  shownAt = performance.now(); away = 0; hiddenAt = document.hidden ? performance.now() : 0;
}

async function work(path, body) {
  if (busy) return;
  busy = true;
  by("error").textContent = "";
  try { show(await fetched(path, { annotator, ...body })); }
  catch (error) { by("error").textContent = `${error.message} – nothing was lost; try again`; }
  finally { busy = false; document.querySelectorAll(".pressed").forEach((each) => each.classList.remove("pressed")); }
}

function answer(label, button) {
  if (!current || busy) return;
  if (button) button.classList.add("pressed");
  const seconds = Math.max(0, (performance.now() - shownAt - away) / 1000);
  work("api/answer", { id: current.id, seconds, ...label });
}

const undo = () => work("api/undo", {});
by("skip").addEventListener("click", (event) => answer({ label: null }, event.currentTarget));
by("irrelevant").addEventListener("click", (event) => answer({ irrelevant: true }, event.currentTarget));
by("undo").addEventListener("click", undo);
by("undo-last").addEventListener("click", undo);
by("again").addEventListener("click", () => work("api/next", {}));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.tagName === "INPUT") return;
  const key = event.key.toLowerCase();
  if (key === "u") { event.preventDefault(); undo(); return; }
  if (!current) return;
  if (key === "s") answer({ label: null }, by("skip"));
  else if (key === "x") answer({ irrelevant: true }, by("irrelevant"));
  else {
    const place = keys.indexOf(key);
    if (place < 0 || place >= classes.length || key.length !== 1) return;
    answer({ label: classes[place] }, by("choices").children[place]);
  }
  event.preventDefault();
});

function begin(name) {
  annotator = name.trim();
  if (!annotator) return;
  sessionStorage.setItem("annotator", annotator);
  work("api/next", {});
}
by("name-form").addEventListener("submit", (event) => { event.preventDefault(); begin(by("name").value); });
if (annotator) begin(annotator);
else { by("who").hidden = false; by("name").focus(); document.body.dataset.ready = "true"; }
