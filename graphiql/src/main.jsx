import "./workers.js";
import "./fonts.css";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-explorer/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { createRoot } from "react-dom/client";
import { App } from "./app.jsx";
import { config } from "./config.js";
import { prepareFirstVisit } from "./examples.js";

document.title = `${config.title} · GraphiQL`;
prepareFirstVisit();

// Monaco measures its font once, when an editor is made. Slow or missing fonts must not keep the page from opening.
const fonts = Promise.all(['15px "Fira Code"', '15px "Roboto"', '500 15px "Roboto"'].map((f) => document.fonts.load(f)));
const patience = new Promise((resolve) => setTimeout(resolve, 2000));
await Promise.race([fonts, patience]).catch(() => {});

createRoot(document.getElementById("root")).render(<App />);
