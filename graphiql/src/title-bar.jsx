import { isMacOs } from "@graphiql/react";
import { config } from "./config.js";
import { ExamplesMenu } from "./examples-menu.jsx";
import icon from "./icon.svg";
import { PersonaMenu } from "./persona-menu.jsx";
import { TokenButton } from "./token-button.jsx";

function hint({ hasPersonas, isNew, refused, persona }) {
  if (refused) {
    return `${refused} ${hasPersonas ? "Load the page anew" : "Set another token"}, and run again`;
  }
  if (isNew) {
    return `Run again to see what ${persona ? persona.name : "anybody"} may see`;
  }
  const steps = [
    hasPersonas && "choose who asks",
    config.tabs.length > 0 ? "pick an example" : "write a query",
    "run it",
  ].filter(Boolean);
  const text = steps.join(", ");
  return text[0].toUpperCase() + text.slice(1);
}

/** The bar above GraphiQL. It takes GraphiQL's own class, and so its variables and its theme. */
export function TitleBar({ identity }) {
  return (
    <header className="graphiql-container praxis-bar">
      <img className="praxis-icon" src={icon} alt="" width="28" height="28" />
      <h1 className="praxis-title">{config.title}</h1>
      <p className="praxis-hint">
        {hint(identity)} <kbd>{isMacOs ? "⌘" : "Ctrl"}</kbd>
        <kbd>Enter</kbd>
      </p>
      <div className="praxis-actions">
        {config.tabs.length > 0 && <ExamplesMenu />}
        {identity.hasPersonas ? <PersonaMenu identity={identity} /> : <TokenButton identity={identity} />}
      </div>
    </header>
  );
}
