import { ChevronDownIcon } from "@graphiql/react";
import * as Menu from "@radix-ui/react-dropdown-menu";
import { config } from "./config.js";
import { ANONYMOUS } from "./identity.js";

function initials(name) {
  const words = name.replace(/^(dr|mr|mrs|ms|prof)\.?\s+/i, "").split(/\s+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => (word ?? "").slice(0, 1).toUpperCase()).join("");
}

function Avatar({ persona }) {
  return (
    <span className="praxis-avatar" data-anonymous={persona ? undefined : ""} aria-hidden="true">
      {persona ? initials(persona.name) : "?"}
    </span>
  );
}

function Choice({ persona, value, name, title, text }) {
  return (
    <Menu.RadioItem
      className="graphiql-dropdown-item praxis-item praxis-persona"
      data-persona={value}
      value={value}
      textValue={name}
    >
      <Avatar persona={persona} />
      <span className="praxis-persona-text">
        <span className="praxis-item-name">
          {name}
          {title && <span className="praxis-item-title">{title}</span>}
        </span>
        {text && <span className="praxis-item-text">{text}</span>}
      </span>
      <Menu.ItemIndicator className="praxis-check">
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M3 8.5 6.5 12 13 4.5" fill="none" stroke="currentColor" strokeWidth="2" />
        </svg>
      </Menu.ItemIndicator>
    </Menu.RadioItem>
  );
}

/** Chooses whose token goes with every request. */
export function PersonaMenu({ identity: { persona, choice, refused, choose } }) {
  return (
    <>
      <Menu.Root modal={false}>
        <Menu.Trigger className="praxis-button praxis-persona-button" data-persona={choice}>
          <Avatar persona={persona} />
          <span className="praxis-persona-who">
            {persona ? (
              <>
                <span className="praxis-quiet">Signed in as </span>
                <strong>{persona.name}</strong>
                {refused && <span className="praxis-refused"> · refused</span>}
                {persona.title && <span className="praxis-quiet praxis-wide"> · {persona.title}</span>}
              </>
            ) : (
              <>
                <strong>Anonymous</strong>
                <span className="praxis-quiet"> · not signed in</span>
              </>
            )}
          </span>
          <ChevronDownIcon className="praxis-chevron" aria-hidden="true" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content
            className="graphiql-dropdown-content praxis-menu praxis-persona-menu"
            align="end"
            sideOffset={6}
            aria-label="Sign in as"
          >
            <Menu.Label className="praxis-menu-label">Ask the gateway as…</Menu.Label>
            <Menu.RadioGroup value={choice} onValueChange={choose}>
              {config.personas.map((one) => (
                <Choice
                  key={one.email}
                  persona={one}
                  value={one.email}
                  name={one.name}
                  title={one.title}
                  text={one.description}
                />
              ))}
              <Menu.Separator className="praxis-separator" />
              <Choice persona={null} value={ANONYMOUS} name="Anonymous" text="Sends no token" />
            </Menu.RadioGroup>
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
      <span className="praxis-hidden" role="status">
        {persona ? `Signed in as ${persona.name}` : "Not signed in"}
        {refused && `: ${refused}`}
      </span>
    </>
  );
}
