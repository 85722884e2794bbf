import { SignInForm } from './sign-in-form.js';

export const SignIn = () => (
  <main className="sign-in">
    <h1>TrunkMesh</h1>
    <p>Connect your carrier or PBX, assign numbers, and see what becomes of every call.</p>
    {/* A new page: nothing that a former session has read is left. */}
    <SignInForm onSignedIn={() => location.reload()} />
  </main>
);
