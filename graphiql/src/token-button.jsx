import { Button, Dialog } from "@graphiql/react";
import { useState } from "react";

/** Without personas: one token, typed in by the user. */
export function TokenButton({ identity: { token, refused, keepToken } }) {
  const [isOpen, setOpen] = useState(false);

  function submit(event) {
    event.preventDefault();
    keepToken(new FormData(event.currentTarget).get("token"));
    setOpen(false);
  }

  function forget() {
    keepToken("");
    setOpen(false);
  }

  return (
    <>
      <button type="button" className="praxis-button" onClick={() => setOpen(true)}>
        <span
          className="praxis-dot"
          data-on={token && !refused ? "" : undefined}
          data-refused={refused ? "" : undefined}
          aria-hidden="true"
        />
        {refused ? "Token refused" : token ? "Token set" : "Set token"}
      </button>
      <Dialog open={isOpen} onOpenChange={setOpen}>
        <div className="graphiql-dialog-header">
          <Dialog.Title className="graphiql-dialog-title">Access token</Dialog.Title>
          <Dialog.Close />
        </div>
        <form className="graphiql-dialog-section praxis-token-form" onSubmit={submit}>
          {refused && (
            <p className="praxis-refused" role="alert">
              {refused}
            </p>
          )}
          <label htmlFor="praxis-token">
            <Dialog.Description className="graphiql-dialog-section-caption">
              Sent as bearer token with every request. Kept until this browser tab is closed.
            </Dialog.Description>
          </label>
          <input
            id="praxis-token"
            name="token"
            type="password"
            autoComplete="off"
            spellCheck="false"
            defaultValue={token ?? ""}
            autoFocus
          />
          <div className="praxis-token-buttons">
            {token && (
              <Button type="button" onClick={forget}>
                Forget token
              </Button>
            )}
            <Button type="submit" state="success">
              Use token
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
