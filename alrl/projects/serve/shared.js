// Nothing that comes from the server is ever parsed as markup: text goes in as text, attributes one by one.
const base = location.pathname.split("/").slice(0, 3).join("/");

function make(tag, attributes = {}, ...children) {
  const element = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.map(String));
  return element;
}

async function fetched(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const response = await fetch(`${base}/${path}`, options);
  const text = await response.text();
  let document_;
  try { document_ = JSON.parse(text); } catch { throw new Error(text || `status ${response.status}`); }
  if (!response.ok) throw new Error(document_.error || `status ${response.status}`);
  return document_;
}

const by = (id) => document.getElementById(id);
