import { Component, type ReactNode } from "react";

interface Props {
  /** What it is that may fail, for the message. */
  readonly what: string;
  readonly children: ReactNode;
}

/** Keeps a failure to the part of the page that it is in. */
export class ErrorBoundary extends Component<Props, { readonly error: string | undefined }> {
  override state: { readonly error: string | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <p className="error">
        {this.props.what} cannot be shown: {error}
      </p>
    );
  }
}
